from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_groups")]

    operations = [
        migrations.AddField(
            model_name="protocol",
            name="mapping",
            field=models.JSONField(null=True),
        ),
    ]
