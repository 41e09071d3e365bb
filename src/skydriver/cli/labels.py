"""Labels of scans, ``KEY=VALUE``, as their classifiers hold them."""

from __future__ import annotations


def label(text: str) -> tuple[str, object]:
    """The key and the value of a label: true, false, null or a number is one, anything else a text.

    Raises
    ------
    SettingError
        Naming ``classifier``, if the text is of another form.
    """
    import json

    from skydriver.errors import SettingError

    key, equals, value = text.partition("=")
    if not (key and equals):
        raise SettingError("classifier", f"{text[:80]!r} is not of the form KEY=VALUE")
    try:
        parsed = json.loads(value, parse_constant=str)
    except ValueError:
        return key, value
    return key, value if isinstance(parsed, dict | list | str) else parsed
