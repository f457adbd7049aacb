from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


def shout(text):
    return text.upper() + "!"


class TeamListener:
    @hookimpl
    def on_task_instance_success(self, task_instance):
        pass


class TeamPlugin(AirflowPlugin):
    name = "team"
    macros = [shout]
    listeners = [TeamListener()]
