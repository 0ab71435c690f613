"""Parts of a page that a program writes: between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations


def replace_between(page: str, name: str, text: str) -> str:
    """The page with another text between the marks of a name.

    Raises: ValueError if the page has not both marks.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(start)
    _, also_found, after = rest.partition(end)
    if not found or not also_found:
        raise ValueError(f"the page must have {start} and {end}, in this order; at least one is not there.")
    return f"{before}{start}\n{text}\n{end}{after}"
