from django.apps import AppConfig


class MiningConfig(AppConfig):
    name = "apps.mining"
    label = "mining"
