"""All settings, from the environment; on one machine the embedded servers provide it."""

from __future__ import annotations

from csp.constants import SELF

from apps.config.environment import ROOT, database, flag, read, words

SECRET_KEY = read("SECRET_KEY")
DEBUG = flag("DEBUG")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
STORE_URL = read("STORE_URL", str(ROOT / "models_store"))
WORK_DIR = read("WORK_DIR", str(ROOT / "var" / "work"))
BROKER_URL = read("BROKER_URL")
DEMO = flag("WHETSTONE_DEMO")
HTTPS = flag("HTTPS")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "csp",
    "apps.core",
    "apps.accounts",
    "apps.projects",
    "apps.examples",
    "apps.registry",
    "apps.annotation",
    "apps.comments",
    "apps.calibration",
    "apps.mining",
    "apps.datasets",
    "apps.curricula",
    "apps.training",
    "apps.exchange",
    "apps.explore",
    "apps.rounds",
    "apps.config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.faults.FaultsMiddleware",
    "apps.core.pages.DomainErrorMiddleware",
    "apps.core.uploads.UploadLimitMiddleware",
]

ROOT_URLCONF = "apps.config.urls"
WSGI_APPLICATION = "apps.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["apps.projects.templatetags.rights"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.config.navigation.navigation",
            ],
        },
    }
]

DATABASES = {"default": database(read("DATABASE_URL"), pool=flag("DATABASE_POOL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "apps.accounts.adapter.InvitedOnly"
ACCOUNT_FORMS = {
    "add_email": "apps.accounts.forms.AddEmail",
    "change_password": "apps.accounts.forms.ChangePassword",
    "reauthenticate": "apps.accounts.forms.Reauthenticate",
    "reset_password": "apps.accounts.forms.ForgottenPassword",
    "reset_password_from_key": "apps.accounts.forms.NewPassword",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from beside the server, where there is no TLS
SECURE_HSTS_SECONDS = int(read("HSTS_SECONDS", "2592000")) if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
    }
}

EMAIL_HOST = read("EMAIL_HOST", "")
EMAIL_PORT = int(read("EMAIL_PORT", "587"))
EMAIL_HOST_USER = read("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = read("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", EMAIL_PORT == 587)
DEFAULT_FROM_EMAIL = read("DEFAULT_FROM_EMAIL", "whetstone@localhost")
PUBLIC_URL = read("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")  # where links in mails lead
# without a mail server nothing promises a mail: see apps/accounts/mail.py
EMAIL_BACKEND = read(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = read("TIME_ZONE", "UTC")

STATIC_URL = "static/"
STATIC_ROOT = ROOT / "var" / "static"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()  # a container image has them collected and compressed
WHITENOISE_MAX_AGE = 0 if DEBUG else 60  # names carry no hash: after an upgrade, soon the new ones

DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a protocol's form has three for each option
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20  # bodies that are read whole
MAX_UPLOAD_BYTES = int(float(read("MAX_UPLOAD_MB", "2048")) * 2**20)  # files, which are streamed

WEBHOOKS_ALLOW_PRIVATE = flag("WEBHOOKS_ALLOW_PRIVATE")  # addresses within our own network, too
EXPORT_DAYS = float(read("EXPORT_DAYS", "7"))  # how long an export is kept

JOB_STALE_SECONDS = float(read("JOB_STALE_SECONDS", "30"))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.TokenAuthentication",
        "apps.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.input.StrictJson"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.api.problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Whetstone API",
    "DESCRIPTION": "Human-in-the-loop curriculum updates: mine, review, curate, approve, train, gate, promote.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {  # several nouns have a `state`, one several verdicts; each has its own name in the schema
        "RunState": "apps.core.models.RunState",
        "TaskState": "apps.annotation.models.TaskState",
        "AssignmentState": "apps.annotation.models.AssignmentState",
        "CommentState": "apps.comments.models.CommentState",
        "WebhookState": "apps.exchange.models.webhooks.WebhookState",
        "DeliveryState": "apps.exchange.models.webhooks.DeliveryState",
        "ProposalState": "apps.curricula.models.ProposalState",
        "GateState": "apps.training.models.GateState",
        "RoundState": "apps.rounds.models.RoundState",
        "ImportFormat": "apps.exchange.models.ImportRun.Format",
        "ExportFormat": "apps.exchange.domain.formats.CHOICES",
        "Verdict": "apps.training.models.Gate.Verdict",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"apps": {"level": "INFO"}, "workers": {"level": "INFO"}},
}
