"""Lookups (invokes) an offline run can answer: facts that follow from the region alone, and what a text says."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from platform_components.errors import UnsupportedError
from platformctl.manifests import objects_of
from platformctl.readers.computed import DNS_SUFFIXES, Place

Lookup = Callable[[Mapping[str, Any], Place], dict[str, Any]]
"""From a lookup's arguments (wire names) and the place it is asked in, to its result."""


def partition_of(region: str) -> str:
    """The partition a region belongs to."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def zone_prefix(region: str) -> str:
    """The part of a zone id that names its region: `euw1` for eu-west-1, `apse2` for ap-southeast-2."""
    *words, number = region.split("-")
    directions = re.compile(r"north|south|east|west|central")
    return words[0] + "".join("".join(m[0] for m in directions.findall(word)) or word[0] for word in words[1:]).replace("gov", "g") + number


def _zones(_arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    names = [place.region + letter for letter in "abc"]
    prefix = zone_prefix(place.region)
    return {
        "id": place.region,
        "names": names,
        "zoneIds": [f"{prefix}-az{index}" for index in range(1, 4)],
        "groupNames": [place.region],
        "region": place.region,
    }


def _caller(_arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    account = place.account
    return {"id": account, "accountId": account, "arn": f"arn:{place.partition}:iam::{account}:user/offline", "userId": "AIDAOFFLINE"}


def _partition(_arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    suffix = DNS_SUFFIXES[place.partition]
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": place.partition, "partition": place.partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _region(_arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    region = place.region
    endpoint = f"ec2.{region}.{DNS_SUFFIXES[place.partition]}"
    return {"id": region, "name": region, "region": region, "description": region, "endpoint": endpoint}


def _parameter(arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    name = str(arguments["name"])
    arn = f"arn:{place.partition}:ssm:{place.region}:{place.account}:parameter{name if name.startswith('/') else '/' + name}"
    value = f"ami-{place.mark or '0123456789abcdef0'}" if "ami" in name or "image_id" in name else f"value-of-{name}{place.mark}"
    return {"id": name, "name": name, "arn": arn, "type": "String", "value": value, "insecureValue": value, "version": 1}


_PUBLIC_KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
"""A point of P-256 that everybody knows: its generator."""


def _public_key(arguments: Mapping[str, Any], place: Place) -> dict[str, Any]:
    lines = "\n".join(_PUBLIC_KEY[start : start + 64] for start in range(0, len(_PUBLIC_KEY), 64))
    key = str(arguments["keyId"])
    return {
        "id": key,
        "keyId": key,
        "arn": key,
        "customerMasterKeySpec": "ECC_NIST_P256",
        "keyUsage": "SIGN_VERIFY",
        "encryptionAlgorithms": [],
        "signingAlgorithms": ["ECDSA_SHA_256"],
        "publicKey": _PUBLIC_KEY,
        "publicKeyPem": f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n{place.mark}",
        "region": place.region,
    }


def _objects(arguments: Mapping[str, Any], _place: Place) -> dict[str, Any]:
    try:
        return {"result": objects_of(str(arguments.get("text") or ""), arguments.get("defaultNamespace"))}
    except ValueError as error:
        raise UnsupportedError(f"kubernetes:yaml:decode: {error}") from None


LOOKUPS: Mapping[str, Lookup] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:kms/getPublicKey:getPublicKey": _public_key,
    "aws:ssm/getParameter:getParameter": _parameter,
    "kubernetes:yaml:decode": _objects,
}
"""Lookups by token; any other is refused by name."""
