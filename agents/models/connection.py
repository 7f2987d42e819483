from django.conf import settings
from django.db import models


class LLMConnection(models.Model):
    """The endpoint an administrator connected in the browser. There is at most one."""

    base_url = models.URLField(blank=True)
    encrypted_key = models.BinaryField(blank=True, default=bytes, editable=False)
    llm_name = models.CharField(max_length=120, blank=True)
    tested_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.base_url or "api.openai.com"
