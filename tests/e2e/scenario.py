"""The turns that the agents' tests script: write two files and read the
human's, then quote it back and edit it, then say that it is done."""

import pathlib
from typing import Dict, List

import material
from double import Script, Step, custom_tool, text, thinking, tool

DONE = "Both files are written and the edit is in place."


def quoted_words(edit: material.Edit) -> str:
    """The model quotes a long stretch of the human's file and says little."""
    lines = edit.human.splitlines()
    return ("Here is the part that matters:\n\n```\n"
            + "\n".join(lines[8:62]) + "\n```\n\nI will add to it.")


def claude(repo: pathlib.Path, files: Dict[str, str],
           edit: material.Edit) -> Script:
    """Write and Read, then Edit. Claude Code wants absolute paths."""
    write = Step([
        thinking("Two files, then a look at the existing one – façade first."),
        text("I will write the two files and read the third."),
        *[tool("Write", {"file_path": str(repo / name), "content": words})
          for name, words in files.items()],
        tool("Read", {"file_path": str(repo / edit.name)}),
    ], label="write")
    change = Step([
        text(quoted_words(edit)),
        tool("Edit", {"file_path": str(repo / edit.name),
                      "old_string": edit.old_string(),
                      "new_string": edit.new_string()}),
    ], label="edit")
    return _script(write, change, results=len(files) + 1)


def heredoc(name: str, words: str) -> str:
    folder = str(pathlib.PurePosixPath(name).parent)
    return f"mkdir -p {folder} && cat > {name} <<'EOF'\n{words}EOF"


def codex(files: Dict[str, str], edit: material.Edit) -> Script:
    """Shell heredocs, then apply_patch inside the shell: what Codex offers a
    model that its catalogue does not know."""
    write = Step([
        thinking("Two files, then a look at the existing one – façade first."),
        text("I will write the two files and read the third."),
        *[tool("exec_command", {"cmd": heredoc(name, words)})
          for name, words in files.items()],
        tool("exec_command", {"cmd": f"cat {edit.name}"}),
    ], label="write")
    patch = (f"apply_patch <<'EOF'\n*** Begin Patch\n{edit.patch()}"
             "*** End Patch\nEOF")
    change = Step([text(quoted_words(edit)),
                   tool("exec_command", {"cmd": patch})], label="edit")
    return _script(write, change, results=len(files) + 1)


def codex_patch(files: Dict[str, str], edit: material.Edit) -> Script:
    """The apply_patch tool of models that Codex knows."""
    rows: List[str] = []
    for name, words in files.items():
        rows.append(f"*** Add File: {name}")
        rows += ["+" + line for line in words.splitlines()]
    write = Step([
        thinking("One patch, then a look at the third file – façade first."),
        text("I will write the two files and read the third."),
        custom_tool("apply_patch", "*** Begin Patch\n" + "\n".join(rows)
                    + "\n*** End Patch\n"),
        tool("exec_command", {"cmd": f"cat {edit.name}"}),
    ], label="write")
    change = Step([
        text(quoted_words(edit)),
        custom_tool("apply_patch",
                    f"*** Begin Patch\n{edit.patch()}*** End Patch\n"),
    ], label="edit")
    return _script(write, change, results=2)


def gemini(repo: pathlib.Path, files: Dict[str, str],
           edit: material.Edit) -> Script:
    """write_file and read_file, then replace."""
    write = Step([
        thinking("Two files, then a look at the existing one – façade first."),
        text("I will write the two files and read the third."),
        *[tool("write_file", {"file_path": str(repo / name),
                              "content": words})
          for name, words in files.items()],
        tool("read_file", {"file_path": str(repo / edit.name)}),
    ], label="write")
    change = Step([
        text(quoted_words(edit)),
        tool("replace", {"file_path": str(repo / edit.name),
                         "instruction": "Add what is missing",
                         "old_string": edit.old_string(),
                         "new_string": edit.new_string()}),
    ], label="edit")
    return _script(write, change, results=len(files) + 1)


def opencode(repo: pathlib.Path, files: Dict[str, str],
             edit: material.Edit) -> Script:
    """write and read, then edit; the same through each of its adapters."""
    write = Step([
        thinking("Two files, then a look at the existing one – façade first."),
        text("I will write the two files and read the third."),
        *[tool("write", {"filePath": str(repo / name), "content": words})
          for name, words in files.items()],
        tool("read", {"filePath": str(repo / edit.name)}),
    ], label="write")
    change = Step([
        text(quoted_words(edit)),
        tool("edit", {"filePath": str(repo / edit.name),
                      "oldString": edit.old_string(),
                      "newString": edit.new_string()}),
    ], label="edit")
    return _script(write, change, results=len(files) + 1)


def _script(write: Step, change: Step, results: int) -> Script:
    done = Step([text(DONE)], label="done")
    return Script([write, *[change] * results, done],
                  side=Step([text("Widgets")], label="side"))
