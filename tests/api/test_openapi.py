"""The OpenAPI document says the truth: whatever it allows is answered as it says, and never with a 5xx."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from config.api import api
from tests.api.programs import asked, token_for

STREAMING = ("/ag-ui", "/events")  # these work outside the test's transaction; their own tests hold them to theirs
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DOCUMENT: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))
OPERATIONS = [
    (path, method)
    for path, methods in DOCUMENT["paths"].items()
    if not any(word in path for word in STREAMING)
    for method in methods
]
some_cases = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_the_document_allows_is_answered_as_it_says(path: str, method: str, alice: User) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    client = Client(headers={"Authorization": f"Bearer {token_for(alice)}"}, raise_request_exception=False)
    run = asked(alice)
    mine = {"run_id": str(run.id), "thread_id": str(run.thread_id)}

    @some_cases
    @given(case=schema[path][method].as_strategy())
    def check(case: Case) -> None:
        case.path_parameters |= {name: value for name, value in mine.items() if name in case.path_parameters}
        case.validate_response(answer_to(client, case), checks=CHECKS)

    check()


def answer_to(client: Client, case: Case) -> Response:
    path = f"{case.formatted_path}?{urlencode(case.query or {}, doseq=True)}"
    if case.media_type == "multipart/form-data":
        return shown(client.post(path, parts_of(case)), case, path)
    has_body = isinstance(case.body, dict | list | str | int | float | bool) or case.body is None
    content = json.dumps(case.body) if has_body else ""
    answer = client.generic(case.method, path, content, content_type="application/json")
    return shown(answer, case, path)


def parts_of(case: Case) -> dict[str, Any]:
    """A form as a browser sends it: whatever was made up for the file, as a file."""
    parts = dict(case.body) if isinstance(case.body, dict) else {}
    made = parts.pop("file", None)
    written = made if isinstance(made, bytes) else str(made).encode(errors="replace")
    sent = {"file": SimpleUploadedFile("made-up.txt", written)} if made is not None else {}
    return {name: str(value) for name, value in parts.items()} | sent


def shown(answer: Any, case: Case, path: str) -> Response:
    return Response(
        status_code=answer.status_code,
        headers={name.lower(): [value] for name, value in answer.items()},
        content=answer.content,
        request=requests.Request(case.method, f"http://testserver{path}").prepare(),
        elapsed=0.0,
        verify=False,
    )


def test_every_operation_says_who_may_ask_and_what_goes_wrong() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{"BearerToken": []}, {"SessionCookie": []}], (path, method)
            assert {"401", "403", "422", "503"} <= operation["responses"].keys(), (path, method)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("Problem")


def test_the_document_is_there_for_everybody(client: Client, rows: None) -> None:
    assert client.get("/api/openapi.json").json()["info"]["title"] == "Plumbline"
