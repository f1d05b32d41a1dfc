"""Arguments against the schema of their tool, JSON Schema 2020-12 unless the schema names another draft.

A schema comes from a stranger: nothing is fetched for its references, and its regular expressions are matched by an
engine that cannot be made to hang.
"""

from typing import Any

from mno.platform.errors import Invalid

#: What is told of one call's arguments.
MAX_ARGUMENT_FAULTS = 10


def check_arguments(schema: Any, arguments: dict[str, Any]) -> None:
    """`Invalid` with each fault and its place; also where the schema itself is none."""
    import jsonschema_rs  # only here: most processes never need it

    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, retriever=_nothing_is_fetched, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise Invalid(f"The tool's own schema cannot be used: {str(error)[:200]}") from None
    faults = []
    for fault in validator.iter_errors(arguments):
        place = "/".join(str(part) for part in fault.instance_path)
        faults.append(f"/{place}: {fault.message[:200]}")
        if len(faults) == MAX_ARGUMENT_FAULTS:
            break
    if faults:
        raise Invalid("The arguments do not fit the tool: " + "; ".join(faults))


def _nothing_is_fetched(address: str) -> Any:
    raise ValueError(f"its reference {address[:100]} leads outside")
