"""Imperfect edits of a file that was read just before, by the agent's own tool
for search and replace. What a careful tool does with each is known: the file
that comes out, or a refusal that leaves it alone."""

import dataclasses
from typing import List, Optional

GO = ("func area(w, h int) int {\n\tif w < 0 {\n\t\treturn 0\n\t}\n"
      "\treturn w * h\n}\n")
GO_DONE = GO.replace("return 0\n", "return -1\n")
PY = ("def load(path):\n    with open(path) as file:\n"
      "        text = file.read()\n    return text.strip()\n\n\n"
      "def save(path, text):\n    with open(path, 'w') as file:\n"
      "        file.write(text)\n")
MAKE = "all: build\n\nbuild:\n\tcc -O2 -o app main.c\n\tstrip app\n"
LONG = "".join(f"line {i} of the file\n" for i in range(1, 41))


@dataclasses.dataclass
class Edit:
    name: str
    before: str
    old: str
    new: str
    after: Optional[str]  # None: must be refused, the file stays
    quick: bool = False
    file: str = "code.txt"
    bom: bool = False
    # As good: the new text to the letter, where the file had it otherwise.
    or_after: Optional[str] = None


def edits() -> List[Edit]:
    crlf = PY.replace("\n", "\r\n")
    smart = "It\u2019s \u201cfine\u201d \u2014 really.\nNext line.\n"
    nbsp = "width:\u00a010 px\nheight: 20 px\n"
    trailing = PY.replace("file.read()", "file.read()  ")
    return [
        Edit("exact", PY, "    return text.strip()", "    return text",
             PY.replace("text.strip()", "text"), True),
        Edit("spaces for tabs", GO, "    if w < 0 {\n        return 0\n    }",
             "    if w < 0 {\n        return -1\n    }", GO_DONE, True),
        Edit("no indentation", GO, "if w < 0 {\nreturn 0\n}",
             "if w < 0 {\nreturn -1\n}", GO_DONE),
        Edit("two spaces for four", PY,
             "  with open(path) as file:\n    text = file.read()\n",
             "  with open(path) as file:\n    text = file.read(9)\n",
             PY.replace("file.read()", "file.read(9)")),
        Edit("indented too deep", PY,
             "        with open(path) as file:\n"
             "            text = file.read()\n",
             "        with open(path) as file:\n"
             "            text = file.read(9)\n",
             PY.replace("file.read()", "file.read(9)")),
        Edit("spaces at line ends in the file", trailing,
             "        text = file.read()\n    return text.strip()\n",
             "        text = file.read()\n    return text\n",
             trailing.replace("text.strip()", "text"),
             or_after=PY.replace("text.strip()", "text")),
        Edit("spaces at line ends in the edit", PY,
             "        text = file.read()   \n    return text.strip()  \n",
             "        text = file.read()\n    return text\n",
             PY.replace("text.strip()", "text")),
        Edit("CRLF file", crlf, "    return text.strip()\n",
             "    return text\n",
             crlf.replace("text.strip()", "text")),
        Edit("byte order mark", PY, "def load(path):\n",
             "def load(path, n):\n",
             PY.replace("load(path)", "load(path, n)"), bom=True),
        Edit("no line break at the end of the file", PY.rstrip("\n"),
             "        file.write(text)\n", "        file.write(text * 2)\n",
             PY.rstrip("\n").replace("write(text)", "write(text * 2)")),
        Edit("typographic quotes in the file", smart,
             "It's \"fine\" - really.", "It's \"fine\" - now.",
             smart.replace("really", "now"),
             or_after="It's \"fine\" - now.\nNext line.\n"),
        Edit("no-break space in the file", nbsp, "width: 10 px",
             "width: 11 px", nbsp.replace("10", "11"),
             or_after=nbsp.replace("\u00a010", " 11")),
        Edit("line breaks written as \\n", PY,
             "    with open(path) as file:\\n        text = file.read()",
             "    with open(path) as file:\\n        text = file.read(9)",
             PY.replace("file.read()", "file.read(9)")),
        Edit("blank lines around", PY, "\n\n    return text.strip()\n\n",
             "\n\n    return text\n\n", PY.replace("text.strip()", "text")),
        Edit("numbers of lines before", PY,
             "     3\t        text = file.read()\n"
             "     4\t    return text.strip()",
             "     3\t        text = file.read()\n     4\t    return text",
             PY.replace("text.strip()", "text")),
        Edit("a fence around", PY,
             "```python\n    return text.strip()\n```",
             "```python\n    return text\n```",
             PY.replace("text.strip()", "text")),
        Edit("... for lines left out", LONG,
             "line 10 of the file\n...\nline 14 of the file\n",
             "line 10 of the file\n...\nline 14 of this file\n",
             LONG.replace("line 14 of the", "line 14 of this")),
        Edit("a typo in a middle line", PY,
             "    with open(path) as file:\n        text = flie.read()\n"
             "    return text.strip()\n",
             "    with open(path) as file:\n        text = file.read()\n"
             "    return text\n", PY.replace("text.strip()", "text")),
        Edit("a tab missing in a Makefile", MAKE,
             "build:\n    cc -O2 -o app main.c\n",
             "build:\n    cc -O3 -o app main.c\n",
             MAKE.replace("-O2", "-O3"), file="Makefile"),
        Edit("two places", GO + GO, "\treturn w * h\n", "\treturn w + h\n",
             None, True),
        Edit("two places once indented alike",
             "if a:\n    x = 1\nif b:\n        x = 1\n",
             "  x = 1", "  x = 2", None),
        Edit("not there at all", PY, "def remove(path):\n    pass\n",
             "def remove(path):\n    return\n", None),
        Edit("nothing to look for", PY, "", "import os\n", None),
        Edit("there already", PY.replace("text.strip()", "text"),
             "    return text.strip()\n", "    return text\n", None),
        Edit("code left out by a comment", PY,
             PY, "def load(path):\n    # ... existing code ...\n", None),
    ]
