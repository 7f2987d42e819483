"""What other programs send to a webhook."""

import hashlib
import hmac
import json

from django.test import Client

from agents.models import Message, Role

BODY = json.dumps({"issue": {"title": "The printer is on fire", "labels": ["hot"]}, "count": 3})


def sent(trigger, body=BODY, *, secret=None, timestamp="", delivery="", **headers):
    """The answer to a signed request, as GitHub and others send it."""
    signed = f"{timestamp}.{body}" if timestamp else body
    made = hmac.new((secret or trigger.keys.secret).encode(), signed.encode(), hashlib.sha256).hexdigest()
    given = {"X-Signature-256": f"sha256={made}", "X-Timestamp": timestamp, "X-Delivery-Id": delivery} | headers
    path = f"/hooks/{trigger.keys.token}/"
    headers = {name: value for name, value in given.items() if value}
    return Client().post(path, body, content_type="application/json", headers=headers)


def question(run_id):
    return Message.objects.get(run=run_id, role=Role.USER).text
