"""Hypothesis strategies for the arrays the algorithms take."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def labelled_rows(draw, max_rows=30, max_classes=5):
    """(labels, probs) that belong together, some probabilities tied or zero."""
    k = draw(st.integers(2, max_classes))
    n = draw(st.integers(1, max_rows))
    rows = draw(
        st.lists(st.lists(st.integers(0, 6), min_size=k, max_size=k).filter(any), min_size=n, max_size=n)
    )
    probs = np.array(rows, dtype=float)
    labels = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    return labels, probs / probs.sum(axis=1, keepdims=True)


@st.composite
def answers(draw, max_tasks=8, max_people=5, max_value=4):
    """(tasks, people, values): each person answers each task once or not at all."""
    tasks, people = draw(st.integers(1, max_tasks)), draw(st.integers(1, max_people))
    cells = draw(
        st.lists(st.none() | st.integers(0, max_value - 1), min_size=tasks * people, max_size=tasks * people)
    )
    given = [(i // people, i % people, value) for i, value in enumerate(cells) if value is not None]
    return tuple(np.array(column, dtype=int) for column in zip(*given, strict=True)) if given else None
