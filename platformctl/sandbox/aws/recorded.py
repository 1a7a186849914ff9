# mypy: untyped-calls-exclude="botocore"
"""Types that moto does not emulate: inputs checked against botocore's service model, remembered by the sandbox's server, never silent."""

from typing import Any

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, resolve
from platformctl.sandbox.aws.session import SandboxServer
from platformctl.sandbox.aws.signatures import signature
from platformctl.sandbox.aws.values import reconcile, without_none
from platformctl.sandbox.plugin import Created, ProviderError, ReadState, Values


def create(row: Row, scope: Scope, server: SandboxServer) -> Created:
    """Validate and record.

    Raises:
        ProviderError: botocore refuses the parameters, or there is such a resource already.
    """
    parameters = validated(row, row.create, scope)
    for step in row.needs:
        if isinstance(step, Call):
            scope.region.call(step.service or row.service, step.operation, resolve(step.params, scope) or {})
        else:
            step(scope)
    row_id = row.id
    scope.id = str(row_id.compute(scope) if isinstance(row_id, F) else scope.get(row_id))
    existing = server.get(row.type, scope.id)
    if existing is not None and existing.get("urn") != scope.subject.urn and not row.delete_first:
        raise ProviderError(f"{row.create.operation}: {row.type} {scope.id} already exists")
    outputs = _outputs(row, scope)
    if existing is not None:  # made by a run that was killed before the engine knew of it
        outputs.update({key: value for key, value in existing["outputs"].items() if key in row.sticky})
    server.put(row.type, scope.id, _document(row, scope, parameters, outputs))
    return Created(scope.id, outputs)


def update(row: Row, scope: Scope, server: SandboxServer) -> Values:
    """Validate the new inputs and record them."""
    document = server.get(row.type, scope.id)
    if document is None:
        raise ProviderError(f"{row.type} {scope.id} is gone; run refresh")
    parameters = validated(row, row.update or row.create, scope)
    outputs = updated(row, scope, document["outputs"])
    server.put(row.type, scope.id, _document(row, scope, parameters, outputs))
    return outputs


def updated(row: Row, scope: Scope, before: Values) -> dict[str, Any]:
    """The outputs after an update: all that is not decided at the first creation follows from the inputs."""
    return {**_outputs(row, scope), **{key: value for key, value in before.items() if key in row.sticky}}


def read(row: Row, scope: Scope, server: SandboxServer) -> ReadState | None:
    """What is recorded; None if nothing is."""
    document = server.get(row.type, scope.id)
    if document is None:
        return None
    actual: Values = document["inputs"]
    inputs = {prop: reconcile(value, actual.get(prop), exact=True) for prop, value in scope.new.items()} if scope.out else dict(actual)
    inputs.update({prop: value for prop, value in actual.items() if prop not in inputs})
    return ReadState(scope.id, without_none(inputs), {**document["outputs"], **without_none(inputs)})


def delete(row: Row, scope: Scope, server: SandboxServer) -> None:
    """Forget."""
    server.delete(row.type, scope.id)


def validated(row: Row, call: Call, scope: Scope) -> Any:
    """The call's parameters, which botocore finds right.

    Raises:
        ProviderError: it does not.
    """
    from botocore import xform_name  # noqa: PLC0415 -- botocore is imported late
    from botocore.validate import ParamValidator  # noqa: PLC0415

    parameters = resolve(call.params, scope) or {}
    model = scope.region.model(call.service or row.service)
    shape = next(model.operation_model(name).input_shape for name in model.operation_names if xform_name(name) == call.operation)
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise ProviderError(f"{call.operation}: {report.generate_report()}".replace("\n", " "))
    return parameters


def _outputs(row: Row, scope: Scope) -> dict[str, Any]:
    outputs = {prop: resolve(template, scope) for prop, template in row.props.items()}
    outputs.update(scope.new)
    known = signature(row.type)
    if row.tags or (known and "tagsAll" in known.outputs):
        outputs["tagsAll"] = outputs.get("tags") or {}
    if known and "region" in known.outputs:
        outputs["region"] = scope.region.name
    return {"id": scope.id, **without_none(outputs)}


def _document(row: Row, scope: Scope, parameters: Any, outputs: Values) -> dict[str, Any]:
    return {
        "urn": scope.subject.urn,
        "service": row.service,
        "operation": row.create.operation,
        "parameters": parameters,
        "inputs": dict(scope.new),
        "outputs": dict(outputs),
    }
