"""An operator of the checkout's own, in a module that is not itself one of the files that the scheduler reads."""

# file: skip safe_mode

try:
    from airflow.sdk import BaseOperator
except ImportError:  # Airflow 2
    from airflow.models.baseoperator import BaseOperator


class CountLines(BaseOperator):
    """Counts the lines of a text, or of a file in ../queries."""

    template_fields = ("text",)
    template_ext = (".sql",)

    def __init__(self, *, text, **options):
        super().__init__(**options)
        self.text = text

    def execute(self, context):
        return len(self.text.splitlines())
