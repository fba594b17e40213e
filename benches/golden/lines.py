"""Lines and who wrote them. Every line of the golden history has a number;
this table says whose hand it is of. The number stays with the line through
every edit that leaves its words, and goes with it through git in a twin
repository where it stands behind each line (twin.py)."""

import dataclasses
import re
from typing import Dict, Iterable, List, Sequence, Tuple

MODEL, MIXED, HUMAN = "model", "mixed", "human"
# Between a line's words and its number in the twin; in no material.
MARK = "\x1f"


@dataclasses.dataclass(frozen=True)
class Line:
    text: str
    number: int

    def is_blank(self) -> bool:
        return not self.text.strip()


Document = List[Line]
Tree = Dict[str, Document]


@dataclasses.dataclass(frozen=True)
class Maker:
    """Whose line it is. `runs`: the agents' runs that had a hand in it. Of a
    mixed line, whose it was, and the words that the other hand put in."""
    hand: str
    runs: Tuple[int, ...] = ()
    was: str = ""
    words: Tuple[str, ...] = ()

    def of_part(self, text: str) -> "Maker":
        """Of a part of the line: the other hand's only where its words are."""
        if self.words and not any(re.search(rf"\b{re.escape(word)}\b", text)
                                  for word in self.words):
            return Maker(self.was, self.runs if self.was == MODEL else ())
        return self


class Makers:
    """Who made which line, by number."""

    def __init__(self):
        self._of: List[Maker] = []

    def __getitem__(self, line: Line) -> Maker:
        return self._of[line.number]

    def __len__(self) -> int:
        return len(self._of)

    def _add(self, maker: Maker) -> int:
        self._of.append(maker)
        return len(self._of) - 1

    def written(self, texts: Iterable[str], maker: Maker) -> Document:
        return [Line(text, self._add(maker)) for text in texts]

    def changed(self, line: Line, text: str, by: Maker, word: str) -> Line:
        """One hand puts a word into another's line; a line that somebody
        changes of his own kind stays of that kind."""
        before = self[line]
        runs = tuple(dict.fromkeys(before.runs + by.runs))
        if before.hand == by.hand:
            return Line(text, self._add(Maker(before.hand, runs)))
        was = before.was if before.hand == MIXED else before.hand
        return Line(text, self._add(Maker(MIXED, runs, was,
                                          before.words + (word,))))

    def joined(self, lines: Sequence[Line], text: str) -> Line:
        """What a formatter made of all or parts of these lines."""
        makers = [self[line].of_part(text) for line in lines]
        hands = {maker.hand for maker in makers}
        hand = hands.pop() if len(hands) == 1 else MIXED
        runs = tuple(dict.fromkeys(
            run for maker in makers for run in maker.runs))
        mixed = makers[0] if len(makers) == 1 else Maker(hand)
        return Line(text, self._add(Maker(hand, runs, mixed.was,
                                          mixed.words)))


def text_of(document: Document) -> str:
    return "".join(line.text + "\n" for line in document)


def numbered(document: Document) -> str:
    """As it stands in the twin."""
    return "".join(f"{line.text}{MARK}{line.number}\n" for line in document)


def parsed(text: str) -> Document:
    """From the twin's text; ValueError where a line has no number, as in the
    middle of a conflict."""
    document = []
    for row in text.splitlines():
        words, mark, number = row.rpartition(MARK)
        if not mark:
            raise ValueError(f"no number behind {row!r}")
        document.append(Line(words, int(number)))
    return document
