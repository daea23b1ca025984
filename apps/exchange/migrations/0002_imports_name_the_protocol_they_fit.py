import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0001_initial"),
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrun",
            name="protocol",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="projects.protocol",
            ),
        ),
        migrations.AddField(
            model_name="importrun",
            name="readable",
            field=models.BooleanField(default=True),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="format",
            field=models.CharField(
                choices=[("ndjson", "NDJSON"), ("csv", "CSV"), ("parquet", "Parquet")], max_length=8
            ),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="on_conflict",
            field=models.CharField(
                choices=[
                    ("error", "Report the row, keep what is there"),
                    ("skip", "Skip the row quietly"),
                    ("update", "Update the example"),
                ],
                default="error",
                max_length=6,
            ),
        ),
    ]
