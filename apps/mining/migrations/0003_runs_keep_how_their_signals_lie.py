from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mining", "0002_one_mining_run_at_a_time")]

    operations = [
        migrations.AddField(
            model_name="miningrun",
            name="spreads",
            field=models.JSONField(default=dict),
        ),
    ]
