"""How well texts fit a query by their words: BM25 over the rows of one person, from words that are stored with them.

PostgreSQL's own ranking does not know how rare a word is; among one person's rows that is what counts. What is stored
of each text are its words' stems, four bytes each, one after another: see `memory_words` in the migrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

STEM = np.dtype(">u4")
SATURATION = 1.2  # k1: how soon a word that is repeated counts no more
LENGTH = 0.75  # b: how much a long text must have more of it
OTHERS = 50  # texts without any of its words, as if they were there: among three, what two of them have is not common


@dataclass(frozen=True)
class Texts:
    """Some texts as the database has them: all words in a row, and how many bytes of them each text has."""

    words: bytes
    sizes: Sequence[int]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        return np.asarray(self.sizes, dtype=np.int64) // STEM.itemsize

    @cached_property
    def stems(self) -> NDArray[np.uint32]:
        return np.frombuffer(self.words, dtype=STEM)


@dataclass(frozen=True)
class Fit:
    """By text: its score, of which only the order means something, and how much of the query it holds.

    `shares` are of the whole, 0 to 1, rare words counting more; `counts` are numbers of words.
    """

    scores: Numbers
    shares: Numbers
    counts: Numbers


def fit(query: bytes, texts: Texts) -> Fit:
    """How well each text fits; a rare word of the query weighs more, one that no text has weighs most."""
    number = len(texts.counts)
    asked = np.unique(np.frombuffer(query, dtype=STEM))
    scores, held, counts = np.zeros(number), np.zeros(number), np.zeros(number)
    if not number or not len(asked):
        return Fit(scores, held, counts)
    whole = 0.0
    length = 1 - LENGTH + LENGTH * texts.counts / max(1.0, float(texts.counts.mean()))
    of_text = np.repeat(np.arange(number), texts.counts)
    is_asked = np.isin(texts.stems, asked)
    stems, of_text = texts.stems[is_asked], of_text[is_asked]
    for stem in asked:
        times = np.bincount(of_text[stems == stem], minlength=number)
        has = times > 0
        rarity = np.log(1 + (number + OTHERS - has.sum() + 0.5) / (has.sum() + 0.5))
        scores += rarity * times * (SATURATION + 1) / (times + SATURATION * length)
        held += rarity * has
        counts += has
        whole += float(rarity)
    return Fit(scores, held / whole, counts)


def of_best(scores: Numbers) -> Numbers:
    """The scores as shares of the best one."""
    top = float(scores.max(initial=0.0))
    return scores / top if top > 0 else scores
