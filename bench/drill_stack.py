"""The stack of the drills: its services may be taken away, and its clocks are those that were asked for."""

from tests.drills.services.private import Place, PrivateStack


class DrillStack(PrivateStack):
    def __init__(self, llm_url: str, place: Place, settings_module: str) -> None:
        super().__init__(llm_url, place)
        self._env["DJANGO_SETTINGS_MODULE"] = settings_module
