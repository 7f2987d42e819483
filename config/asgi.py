import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()  # before anything that imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from accounts.authentication import TokenOrCookie  # noqa: E402
from chat.routing import websocket_urlpatterns  # noqa: E402
from config import backpressure  # noqa: E402

backpressure.install()
sockets = URLRouter(websocket_urlpatterns)
application = ProtocolTypeRouter(
    {
        "http": http,
        # A socket has no CSRF token; the Origin check is the defence of one that comes with a cookie.
        "websocket": TokenOrCookie(
            by_token=sockets, by_cookie=AllowedHostsOriginValidator(AuthMiddlewareStack(sockets))
        ),
    }
)
