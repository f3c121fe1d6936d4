"""Settings, all from the environment. Every variable read here is listed in README, and a test keeps it so.

There is no built-in secret key: `make run` makes one per installation in the data folder; anything else
sets SPINEWEB_SECRET_KEY.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def _flag(name: str, default: bool = False) -> bool:
    value = _env(name, "1" if default else "0").lower()
    if value not in {"0", "1", "false", "true", "no", "yes"}:
        raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")
    return value in {"1", "true", "yes"}


def _number(name: str, default: int) -> int:
    value = _env(name, str(default))
    if not value.isascii() or not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _items(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in _env(name, default).split(",") if item.strip()]


# Where everything this installation owns lies: database, files, run folders, secret, logs.
DATA_DIR = Path(_env("SPINEWEB_DATA", str(BASE_DIR / "var"))).resolve()


def _secret_key() -> str:
    key = _env("SPINEWEB_SECRET_KEY")
    if key:
        return key
    path = DATA_DIR / "secret_key"
    if path.is_file():
        return path.read_text().strip()
    raise ImproperlyConfigured(
        f"No secret key: set SPINEWEB_SECRET_KEY, or start with `make run`, which makes one in {path}"
    )


def _database(url: str) -> dict[str, Any]:
    """A DATABASES entry from `sqlite:///path`, or `postgres://user:password@host:port/name?option=value`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:] if parts.path.startswith("//") else parts.path,
            "OPTIONS": {
                # WAL: readers never wait for a writer. FULL: a commit is on disk when it returns.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
            "CONN_MAX_AGE": None,
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            # Under ASGI each thread would hold a connection of its own for ever; the pool bounds them.
            # A statement that comes again is planned once a connection: planning takes longer than running.
            "OPTIONS": {
                "pool": {"min_size": 2, "max_size": 10, "timeout": 5},
                # A server that is gone without a word is noticed within seconds, not hours.
                "connect_timeout": 5,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
                "server_side_binding": True,
                "prepare_threshold": 5,
                **dict(parse_qsl(parts.query)),
            },
        }
    raise ImproperlyConfigured(f"DATABASE_URL must start with sqlite:// or postgres://, not {parts.scheme!r}")


SECRET_KEY = _secret_key()
DEBUG = _flag("SPINEWEB_DEBUG")
ALLOWED_HOSTS = _items("SPINEWEB_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_FAILURE_VIEW = "annotation.api.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = _items("SPINEWEB_TRUSTED_ORIGINS")
HTTPS = _flag("SPINEWEB_HTTPS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "django_vite",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "annotation",
    "inference",
    "spineweb",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "spineweb.middleware.BoundedRequestMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "spineweb.middleware.ResearchUseMiddleware",
]

ROOT_URLCONF = "spineweb.urls"
ASGI_APPLICATION = "spineweb.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DATABASES = {"default": _database(_env("DATABASE_URL", f"sqlite:///{DATA_DIR / 'spineweb.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _env("REDIS_URL")
# A server that is gone without a word costs a request this long, not for ever.
REDIS_PATIENCE: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_PATIENCE}]},
        }
    }
else:
    # One process, no worker: enough for management commands and unit tests, never for the running platform,
    # whose launcher always sets REDIS_URL.
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- People -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "annotation.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/login/"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username", ["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "annotation.api.session.locked_out"
SESSION_ENGINE = "spineweb.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("SPINEWEB_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Files --------------------------------------------------------------------------------------
# Content-addressed originals and derived files: a folder, or any S3-compatible bucket.
FILES_URL = _env("SPINEWEB_FILES", f"file://{DATA_DIR / 'files'}")


# Where the checkpoints of trainings are copied to, for machines that share no run folders.
CHECKPOINTS_URL = _env("SPINEWEB_CHECKPOINTS")


def _file_storage(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return {
            "BACKEND": "annotation.models.filestore.DurableFileSystemStorage",
            "OPTIONS": {"location": unquote(parts.path), "file_permissions_mode": 0o640},
        }
    if parts.scheme == "s3":
        return {
            "BACKEND": "annotation.models.objectstore.ObjectStorage",
            "OPTIONS": {
                "bucket_name": parts.netloc,
                "location": parts.path.strip("/"),
                "endpoint_url": _env("SPINEWEB_S3_ENDPOINT") or None,
                "file_overwrite": False,
                "querystring_auth": True,
            },
        }
    raise ImproperlyConfigured(
        f"SPINEWEB_FILES and SPINEWEB_CHECKPOINTS must start with file:// or s3://, not {parts.scheme!r}"
    )


STORAGES = {
    "default": _file_storage(FILES_URL),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
if CHECKPOINTS_URL:
    if f"{CHECKPOINTS_URL.rstrip('/')}/".startswith(f"{FILES_URL.rstrip('/')}/"):
        raise ImproperlyConfigured("SPINEWEB_CHECKPOINTS must not lie within SPINEWEB_FILES")
    STORAGES["checkpoints"] = _file_storage(CHECKPOINTS_URL)
# Uploads are written here while they arrive; the same disk as a folder store, so that a rename is atomic.
INCOMING_DIR = DATA_DIR / "incoming"
RUNS_DIR = Path(_env("SPINEWEB_RUNS", str(DATA_DIR / "runs")))
RUNS_KEPT_DAYS = _number("SPINEWEB_RUNS_KEPT_DAYS", 30)
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 9 * 2**20  # one 8 MiB chunk of a resumable upload and its headers
# An upload larger than this is refused before a byte of it is stored.
MAX_UPLOAD_BYTES = _number("SPINEWEB_MAX_UPLOAD_MB", 1024) * 2**20

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
DJANGO_VITE = {
    "default": {
        "manifest_path": FRONTEND_DIST / "manifest.json",
        # Development: pages load their modules from a running Vite instead of frontend/dist.
        "dev_mode": _flag("SPINEWEB_VITE_DEV"),
    }
}
# Vite names its files by their content.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[.-][0-9a-zA-Z_-]{8,12}\..+$"

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["annotation.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["annotation.permissions.Deny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotation.api.parsing.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotation.api.errors.exception_handler",
    # No ?format=: one list of parameters per endpoint, and nothing beside it.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SpineWeb",
    "DESCRIPTION": "Scoliosis research without radiation. For research use only. Not a diagnostic device.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["annotation.permissions.SignedIn"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- Queue: see inference.models for why the rows, not the messages, are the truth -----------------
CELERY_BROKER_URL = REDIS_URL or "memory://"
# Trainings have a queue of their own, for machines with a GPU: `celery -A spineweb worker -Q gpu`.
CELERY_TASK_ROUTES = {"inference.tasks.train": {"queue": "gpu"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# A message that is not taken at the second try is left to the sweep: somebody waits for the page.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    **REDIS_PATIENCE,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for its broker however long it takes; by default it would end after 100 tries.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _env("SPINEWEB_LOG", "INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
