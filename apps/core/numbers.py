"""Numbers as people read them: a true minus, an interval in words, a share with its n."""

from __future__ import annotations


def told(value: float, digits: int = 3) -> str:
    """With so many digits, a true minus, and no minus before a nought."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def between(low: float, high: float, digits: int = 3) -> str:
    """An interval; a dash between its ends could be read as a minus."""
    return f"{told(low, digits)} to {told(high, digits)}"
