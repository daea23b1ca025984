"""When to stop: the parent is gone, somebody cancelled, the budget is spent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from workers.learner.contract import LearnerError

CANCELLED_STATUS = 128 + signal.SIGTERM


class Cancelled(LearnerError):
    """Somebody sent SIGTERM."""

    code = "cancelled"
    exit_status = CANCELLED_STATUS


class BudgetExceeded(LearnerError):
    """The seconds of the budget are spent, all starts together."""

    code = "budget_exceeded"
    exit_status = 3


class Watch:
    """Asked between two steps; raises when the run must end. `used` is what earlier starts of it spent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._cancelled = False
        self.used = 0.0
        self.budget: float | None = None

    def listen(self) -> None:
        """Take SIGTERM as the wish to stop at the next step."""
        signal.signal(signal.SIGTERM, lambda _number, _frame: self.cancel())

    def cancel(self) -> None:
        """Ask the run to stop at the next step."""
        self._cancelled = True

    def elapsed(self) -> float:
        """Seconds since this process began."""
        return self._clock() - self._started

    def seconds(self) -> float:
        """Seconds spent on the run, earlier starts included."""
        return self.used + self.elapsed()

    def check(self) -> None:
        """Raises `Cancelled` or `BudgetExceeded` when the run must end."""
        if self._cancelled:
            raise Cancelled(
                "Cancelled by SIGTERM; run the same spec again to go on from the last checkpoint."
            )
        if self.budget is not None and self.seconds() > self.budget:
            raise BudgetExceeded(
                f"The budget of {self.budget:g} s is spent; the run stands at its checkpoint. "
                "Raise budget.seconds and run the same spec again to go on."
            )


def die_with_parent(pipe: int = 0) -> None:
    """The parent holds the other end of stdin; its end of file means that nobody waits for us."""

    def wait() -> None:
        while os.read(pipe, 4096):
            pass
        # checkpoints are renamed into place, so there is no moment at which leaving does harm
        os._exit(CANCELLED_STATUS)

    threading.Thread(target=wait, name="parent-pipe", daemon=True).start()
