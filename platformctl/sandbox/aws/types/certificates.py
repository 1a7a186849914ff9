"""Certificates of ACM."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Row, Scope, Tags, rows, untag

_CERTIFICATE = {"CertificateArn": "$id"}


def _validations(scope: Scope) -> list[dict[str, Any]]:
    """The records that prove the domains, where they are proved by DNS."""
    found = []
    for option in scope.item.get("DomainValidationOptions") or ():
        record = option.get("ResourceRecord")
        if record:
            names = {"resourceRecordName": record["Name"], "resourceRecordType": record["Type"], "resourceRecordValue": record["Value"]}
            found.append({"domainName": option["DomainName"], **names})
    return found


def _others(scope: Scope) -> list[str]:
    """Alternative names as declared: ACM counts the domain itself among them."""
    declared = scope.new.get("subjectAlternativeNames") or []
    held = scope.item.get("SubjectAlternativeNames") or []
    return [name for name in held if name in declared or name != scope.item["DomainName"]]


ROWS = rows(
    Row(
        "aws:acm/certificate:Certificate",
        "acm",
        create=Call(
            "request_certificate",
            {
                "DomainName": "$domainName",
                "ValidationMethod": "$validationMethod",
                "SubjectAlternativeNames": "$subjectAlternativeNames",
                "KeyAlgorithm": "$keyAlgorithm",
                "CertificateAuthorityArn": "$certificateAuthorityArn",
                "Tags": TAG_LIST,
            },
        ),
        id="CertificateArn",
        read=Call("describe_certificate", _CERTIFICATE, at="Certificate"),
        props={
            "arn": "CertificateArn",
            "domainName": "DomainName",
            "subjectAlternativeNames": F(_others),
            "domainValidationOptions": F(_validations),
            "status": "Status",
            "type": "Type",
        },
        delete=(Call("delete_certificate", _CERTIFICATE),),
        tags=Tags(
            read=Call("list_tags_for_certificate", _CERTIFICATE, at="Tags"),
            add=Call("add_tags_to_certificate", {**_CERTIFICATE, "Tags": TAG_LIST}),
            remove=Call("remove_tags_from_certificate", {**_CERTIFICATE, "Tags": F(lambda scope: [{"Key": key} for key in untag(scope)])}),
        ),
        # A certificate is issued some time after it was asked for.
        sticky=frozenset({"status"}),
    ),
)
