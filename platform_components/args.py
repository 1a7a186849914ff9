"""Args: what a component is given. A frozen pydantic model, checked whole before any resource is registered."""

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import pulumi
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class _LateMarker:
    """Tells pydantic to take either the plain type or a pulumi.Output of it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        plain = handler(source)
        # is_instance first: an Output must never reach a validator that would format it.
        late = core_schema.union_schema([core_schema.is_instance_schema(pulumi.Output), plain], mode="left_to_right")
        return core_schema.json_or_python_schema(json_schema=plain, python_schema=late)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema["json_schema"] if schema["type"] == "json-or-python" else schema)


if TYPE_CHECKING:
    Late: TypeAlias = T | pulumi.Output[T]
else:

    class Late:
        """`Late[T]`: a T, or a pulumi.Output of one. For values that arrive late and do not shape the graph."""

        def __class_getitem__(cls, item: Any) -> Any:
            """Build the annotated type that pydantic reads."""
            return Annotated[item, _LateMarker()]


class Args(BaseModel):
    """Base of every Args model: frozen, and an unknown key is an error.

    What shapes the graph (counts, keys, modes) is plain; what may arrive late is `Late[T]`. Every field has a description that says
    what happens when it is omitted, with its unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    def as_inputs(self) -> dict[str, Any]:
        """These args as Pulumi inputs: plain JSON values, Outputs kept as they are, unset optionals left out."""
        return {name: to_input(value) for name, value in self if value is not None}


def to_input(value: Any) -> Any:  # noqa: PLR0911 -- one line per kind of value
    """Turn one field's value into what the Pulumi runtime serialises; resources of this library become their outputs elsewhere."""
    if isinstance(value, Args):
        return value.as_inputs()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (IPv4Network, IPv6Network)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(to_input(key)): to_input(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_input(item) for item in value]
    if isinstance(value, (str, int, float, bool, pulumi.Output)) or value is None:
        return value
    return str(value)
