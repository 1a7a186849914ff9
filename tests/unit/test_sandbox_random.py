"""The random provider: what it generates obeys its inputs, and what no value can obey is refused."""

import base64
import string
import uuid

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platformctl.sandbox.plugin import UNKNOWN, ProviderError, Secret, Subject
from platformctl.sandbox.random import generate
from platformctl.sandbox.random.provider import RandomProvider
from platformctl.sandbox.random.schema import TYPES

settings.register_profile("sandbox", deadline=None)  # a busy machine is no failure
settings.load_profile("sandbox")

PROVIDER = RandomProvider()
STRING = "random:index/randomString:RandomString"
PASSWORD = "random:index/randomPassword:RandomPassword"


def subject(kind, resource_id=""):
    return Subject(f"urn:pulumi:dev::platform::{kind}::x", kind, "x", resource_id)


def create(kind, *, preview=False, **inputs):
    checked = PROVIDER.check(subject(kind), {}, inputs)
    assert checked.failures == []
    return PROVIDER.create(subject(kind), checked.inputs, preview=preview)


def failures(kind, **inputs):
    return {failure.property: failure.reason for failure in PROVIDER.check(subject(kind), {}, inputs).failures}


MINIMUMS = st.integers(min_value=0, max_value=6)
FLAGS = st.fixed_dictionaries({name: st.booleans() for name in ("upper", "lower", "numeric", "special")}).filter(lambda f: any(f.values()))


@given(
    flags=FLAGS,
    upper=MINIMUMS,
    lower=MINIMUMS,
    numeric=MINIMUMS,
    special=MINIMUMS,
    extra=st.integers(min_value=1, max_value=40),
    override=st.none() | st.text("~^/|", min_size=1, max_size=4),
)
def test_a_string_has_its_length_its_minimums_and_no_other_character(flags, upper, lower, numeric, special, extra, override):
    length = upper + lower + numeric + special + extra
    inputs = {**flags, "length": length, "minUpper": upper, "minLower": lower, "minNumeric": numeric, "minSpecial": special}
    if override is not None:
        inputs["overrideSpecial"] = override
    made = create(STRING, **inputs)
    result = made.outputs["result"]
    specials = override or generate.SPECIAL
    classes = {"upper": string.ascii_uppercase, "lower": string.ascii_lowercase, "numeric": string.digits, "special": specials}
    minimums = {"upper": upper, "lower": lower, "numeric": numeric, "special": special}
    assert made.id == result
    assert len(result) == length
    for name, alphabet in classes.items():
        count = sum(character in alphabet for character in result)
        assert count >= minimums[name]
        assert flags[name] or count == minimums[name]
    assert set(result) <= set("".join(classes.values()))


def test_a_password_is_secret_hashed_and_not_its_own_id():
    made = create(PASSWORD, length=100)
    result, hashed = made.outputs["result"], made.outputs["bcryptHash"]
    assert isinstance(result, Secret)
    assert isinstance(hashed, Secret)
    assert made.id == "none"
    assert bcrypt.checkpw(result.value.encode()[:72], hashed.value.encode())
    assert result.value not in repr(made)


@pytest.mark.parametrize("kind", TYPES)
def test_two_resources_differ_and_a_preview_knows_no_value(kind):
    required = {"length": 24, "byteLength": 16, "min": 0, "max": 10**12, "inputs": [str(number) for number in range(40)]}
    inputs = {name: required[name] for name, spec in TYPES[kind].inputs.items() if spec.required}
    if kind.endswith("RandomPet"):
        inputs = {"length": 6}
    first, second = create(kind, **inputs), create(kind, **inputs)
    foretold = create(kind, preview=True, **inputs)
    values = TYPES[kind].generated or ("id",)
    assert foretold.id == ""
    assert first.id not in {"", second.id} or kind.endswith(("RandomPassword", "RandomShuffle"))
    assert set(foretold.outputs) == set(first.outputs) - ({"number"} if TYPES[kind].aliases else set())
    for name in set(values) - {"id"}:
        shown = foretold.outputs[name]
        assert shown == (Secret(UNKNOWN) if name in TYPES[kind].secret else UNKNOWN)
        assert name == "resultCount" or first.outputs[name] != second.outputs[name]


@given(low=st.integers(-1000, 1000), width=st.integers(0, 50), seed=st.none() | st.text(min_size=1, max_size=8))
def test_an_integer_lies_in_its_range_and_a_seed_repeats_it(low, width, seed):
    inputs = {"min": low, "max": low + width, **({"seed": seed} if seed else {})}
    first, second = (create("random:index/randomInteger:RandomInteger", **inputs) for _ in range(2))
    assert low <= first.outputs["result"] <= low + width
    assert first.id == str(first.outputs["result"])
    assert seed is None or first == second


@given(items=st.lists(st.text(max_size=3), max_size=8), count=st.none() | st.integers(0, 30))
def test_a_shuffle_repeats_no_item_more_often_than_it_must(items, count):
    made = create("random:index/randomShuffle:RandomShuffle", inputs=items, **({} if count is None else {"resultCount": count}))
    results = made.outputs["results"]
    assert len(results) == (0 if not items else len(items) if count is None else count)
    for start in range(0, len(results), max(len(items), 1)):
        part = results[start : start + len(items)]
        assert sorted(part) == sorted(items) if len(part) == len(items) else all(part.count(item) <= items.count(item) for item in part)


@given(length=st.integers(1, 40), prefix=st.none() | st.text(string.ascii_letters, min_size=1, max_size=5))
def test_the_forms_of_an_id_are_the_same_bytes(length, prefix):
    made = create("random:index/randomId:RandomId", byteLength=length, **({"prefix": prefix} if prefix else {}))
    forms = {name: made.outputs[name].removeprefix(prefix or "") for name in ("hex", "dec", "b64Std", "b64Url")}
    data = bytes.fromhex(forms["hex"])
    assert len(data) == length
    assert int(forms["dec"]) == int.from_bytes(data, "big")
    assert base64.b64decode(forms["b64Std"]) == data
    assert forms["b64Url"] == made.id == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert not prefix or made.outputs["hex"].startswith(prefix)


def test_bytes_are_secret_and_of_the_length():
    made = create("random:index/randomBytes:RandomBytes", length=7)
    assert base64.b64decode(made.outputs["base64"].value) == bytes.fromhex(made.outputs["hex"].value)
    assert len(bytes.fromhex(made.outputs["hex"].value)) == 7


@pytest.mark.parametrize(("length", "words"), [(1, 1), (2, 2), (5, 5)])
def test_a_pet_has_its_words_its_separator_and_its_prefix(length, words):
    made = create("random:index/randomPet:RandomPet", length=length, separator="_", prefix="team")
    assert made.id.startswith("team_")
    assert len(made.id.split("_")) == words + 1


@pytest.mark.parametrize(("kind", "version"), [("Uuid", 4), ("Uuid4", 4), ("Uuid7", 7)])
def test_a_uuid_is_of_its_version(kind, version):
    made = create(f"random:index/random{kind}:Random{kind}")
    parsed = uuid.UUID(made.outputs["result"])
    assert (parsed.version, parsed.variant) == (version, uuid.RFC_4122)


def test_uuid7_grows_with_time(monkeypatch):
    ticks = iter(range(1_700_000_000_000_000_000, 1_800_000_000_000_000_000, 1_000_000))
    monkeypatch.setattr(generate.time, "time_ns", lambda: next(ticks))
    made = [generate.random_uuid7({}).id for _ in range(20)]
    assert made == sorted(made)


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (STRING, {}, {"length": "length is required"}),
        (STRING, {"length": 0}, {"length": "length is 0; it must be at least 1"}),
        (STRING, {"length": True}, {"length": "length must be a whole number, not true or false"}),
        (STRING, {"length": "8"}, {"length": "length must be a whole number, not a string"}),
        (STRING, {"length": 8, "minUpper": -1}, {"minUpper": "minUpper is -1; it must be at least 0"}),
        (
            STRING,
            {"length": 3, "minUpper": 2, "minNumeric": 2},
            {"length": "length 3 is less than minUpper 2 + minNumeric 2; make it at least 4"},
        ),
        (
            PASSWORD,
            {"length": 8, "upper": False, "lower": False, "number": False, "special": False},
            {"special": "at least one of upper, lower, numeric and special must be true"},
        ),
        (
            STRING,
            {"length": 8, "number": True, "numeric": False},
            {"number": "number is the deprecated name of numeric and contradicts it; leave number out"},
        ),
        ("random:index/randomInteger:RandomInteger", {"min": 5, "max": 4}, {"min": "min 5 is greater than max 4"}),
        ("random:index/randomShuffle:RandomShuffle", {"inputs": ["a", 1]}, {"inputs": "inputs must hold strings only"}),
        ("random:index/randomUuid:RandomUuid", {"keepers": {"a": 1}}, {"keepers": "keepers must hold strings only"}),
        ("random:index/randomUuid:RandomUuid", {"keeper": {}}, {"keeper": "there is no input keeper; there are keepers"}),
    ],
)
def test_what_no_value_can_obey_is_refused(kind, inputs, expected):
    assert failures(kind, **inputs) == expected


def test_unknown_inputs_pass_check_and_stay_unknown_in_a_preview():
    inputs = {"length": UNKNOWN, "minUpper": 4, "keepers": {"version": UNKNOWN}}
    assert failures(STRING, **inputs) == {}
    made = PROVIDER.create(subject(STRING), inputs, preview=True)
    assert made.outputs["length"] is UNKNOWN
    assert made.outputs["result"] is UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"length": 8}, {"length": 9}, ["length"]),
        ({"length": 8}, {"length": 8, "special": True, "minUpper": 0}, []),
        ({"length": 8, "number": False}, {"length": 8, "numeric": False}, []),
        ({"length": 8, "keepers": {"a": "1"}}, {"length": 8, "keepers": {"a": "2"}}, ["keepers.a"]),
        ({"length": 8, "keepers": {"a": "1"}}, {"length": 8, "keepers": {"a": UNKNOWN}}, ["keepers.a"]),
        ({"length": 8}, {"length": 8, "keepers": {"a": "1"}}, ["keepers"]),
    ],
)
def test_every_real_change_replaces(old, new, paths):
    difference = PROVIDER.diff(subject(STRING, "x"), old, {}, new)
    assert list(difference.changes) == list(difference.replaces) == paths


def test_reading_keeps_the_value_and_its_secrecy():
    made = create(PASSWORD, length=12)
    plain = {name: value.value if isinstance(value, Secret) else value for name, value in made.outputs.items()}
    state = PROVIDER.read(subject(PASSWORD, "none"), {"length": 12}, plain)
    assert (state.id, state.inputs, state.outputs) == ("none", {"length": 12}, made.outputs)


@pytest.mark.parametrize(
    ("kind", "given_id", "expected_id", "inputs", "output"),
    [
        (STRING, "abc-1", "abc-1", {"length": 5}, ("result", "abc-1")),
        (PASSWORD, "hunter22", "none", {"length": 8}, ("result", Secret("hunter22"))),
        ("random:index/randomId:RandomId", "pre-,p-9hUg", "p-9hUg", {"byteLength": 4, "prefix": "pre-"}, ("hex", "pre-a7ef6152")),
        ("random:index/randomBytes:RandomBytes", "AAE=", "AAE=", {"length": 2}, ("hex", Secret("0001"))),
        ("random:index/randomInteger:RandomInteger", "15390,1,50000", "15390", {"min": 1, "max": 50000}, ("result", 15390)),
        (
            "random:index/randomUuid:RandomUuid",
            "AABBCCDD-eeff-0011-2233-445566778899",
            "aabbccdd-eeff-0011-2233-445566778899",
            {},
            ("result", "aabbccdd-eeff-0011-2233-445566778899"),
        ),
    ],
)
def test_importing_takes_the_value_out_of_the_id(kind, given_id, expected_id, inputs, output):
    state = PROVIDER.read(subject(kind, given_id), {}, {})
    assert (state.id, dict(state.inputs)) == (expected_id, inputs)
    assert state.outputs[output[0]] == output[1]
    assert PROVIDER.check(subject(kind), {}, state.inputs).failures == []


@pytest.mark.parametrize(
    ("kind", "given_id", "message"),
    [
        ("random:index/randomInteger:RandomInteger", "5", "result,min,max"),
        ("random:index/randomUuid:RandomUuid", "no", "badly formed"),
        ("random:index/randomBytes:RandomBytes", "A", "base64"),
        ("random:index/randomId:RandomId", "pre,", "empty"),
        ("random:index/randomPet:RandomPet", "calm-otter", "cannot be imported"),
        ("random:index/randomFoo:RandomFoo", "x", "no type random:index/randomFoo:RandomFoo"),
    ],
)
def test_what_cannot_be_imported_says_why(kind, given_id, message):
    with pytest.raises(ProviderError, match=message):
        PROVIDER.read(subject(kind, given_id), {}, {})


def test_the_types_and_their_inputs_are_those_of_the_sdk():
    import pulumi_random  # noqa: PLC0415 -- slow to import, and only this test needs it

    for kind, spec in TYPES.items():
        name = kind.rsplit(":", 1)[-1]
        resource = getattr(pulumi_random, name)
        assert resource.pulumi_type == kind
        arguments = getattr(pulumi_random, f"{name}Args")
        wire_names = {pulumi_name for pulumi_name, _, _ in _properties(arguments)}
        assert wire_names == set(spec.inputs) | set(spec.aliases)
        required = {wire for wire, _, optional in _properties(arguments) if not optional}
        assert required == {name for name, value in spec.inputs.items() if value.required}
    sdk = {name for name in vars(pulumi_random) if name.startswith("Random") and not name.endswith("Args")}
    assert sdk == {kind.rsplit(":", 1)[-1] for kind in TYPES}


def _properties(arguments):
    """Wire name, Python name, and whether it may be left out, of an SDK's args class."""
    import inspect  # noqa: PLC0415

    parameters = inspect.signature(arguments.__init__).parameters
    for python_name, parameter in parameters.items():
        if python_name != "__self__":
            getter = getattr(arguments, python_name).fget
            yield getattr(getter, "_pulumi_name", None) or _camel(python_name), python_name, parameter.default is None


def _camel(name):
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
