"""What a YAML parser complains of, in the words of somebody who edits rules."""

import yaml

from responder.rulefile.causes import cause_of

AT_ITS_BEGINNING = {  # told where the quote or bracket begins, since its end is only where the parser gave up
    "found unexpected end of stream": "the quote that begins here is not closed, add one at the end of its text",
    "did not find expected ',' or ']'": "the list that begins here has no ']', or lacks a comma; a text with a comma or ':' needs quotes",
    "did not find expected ',' or '}'": "the mapping that begins here has no '}', or lacks a comma; a text with a comma or ':' needs quotes",
}
AT_THE_PROBLEM = {
    "tab character": "a tab stands where only blanks may, indent with blanks",
    "mapping values are not allowed": "a ':' stands where none may: put a text that has one in quotes, or check the indentation",
    "did not find expected key": "this does not go with what stands before it: check the indentation, and the quotes of the text before",
    "did not find expected '-' indicator": "this stands among entries that begin with '-': begin it with '- ', or check the indentation",
    "could not find expected ':'": "a ':' is missing after the key, or the indentation is wrong",
    "unknown escape character": "this backslash means nothing between double quotes: use single quotes",
    "invalid Unicode character": "this escape stands for no character, remove it",
    "expected hexdecimal number": "this escape is not complete: write the character itself",
    "block sequence entries are not allowed": "a '-' stands where none may: begin the list on a line of its own",
    "did not find expected comment or line break": "after | or > the text begins on the next line",
    "did not find expected node content": "a value is missing here; a text that begins with , ] or } needs quotes",
    "incompatible YAML document": "this version of YAML is not known, remove the line that begins with %",
    "directive": "a line cannot begin with %, remove it or put the text in quotes",
    "anchor": "a text that begins with & or * needs quotes",
    "alias": "a text that begins with & or * needs quotes",
    "tag": "a text that begins with ! needs quotes",
}
STARTS_NOTHING = "cannot start any token"
MISPLACED_COLON = "mapping values are not allowed"


def in_plain_words(error: Exception, text: str) -> tuple[int, int, str]:
    """The line and the column of what a parser complains of, and the remedy."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, 1, f"cannot be read as YAML: {error}"
    problem, mark = error.problem or "", error.problem_mark
    for part, remedy in AT_ITS_BEGINNING.items():
        if part in problem:
            begin = error.context_mark or mark
            return begin.line + 1, begin.column + 1, remedy
    complaint = f"{problem} {error.context or ''}"
    lines = text.splitlines()
    if cause := cause_of(lines, mark.line, mark.column, is_colon=MISPLACED_COLON in complaint):
        return cause
    place = mark.line + 1, mark.column + 1
    if STARTS_NOTHING in problem:
        return *place, _no_start(lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else "")
    remedy = next(
        (remedy for part, remedy in AT_THE_PROBLEM.items() if part in complaint), f"cannot be read as YAML: {problem}"
    )
    return *place, remedy


def _no_start(character: str) -> str:
    if character == "\t":
        return AT_THE_PROBLEM["tab character"]
    return f"a text cannot begin with {character}, put it in quotes"
