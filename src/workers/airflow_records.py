"""What Airflow 3 wants to find in the metadata database before dag.test() runs a DAG."""

import airflow_api


def write_records(dag, replace):
    """`replace(place, name, value)` changes Airflow for the time of the run."""
    try:
        from airflow.dag_processing import dagbag
    except ImportError:
        if any(getattr(task, "outlets", None) or getattr(task, "inlets", None) for task in dag.tasks):
            _activate_assets(dag)
        return
    if hasattr(dagbag, "BundleDagBag"):
        _narrow_bundle(dag, dagbag, replace)


def _activate_assets(dag):
    """3.0 fails tasks whose assets no DAG processor has seen; production's has."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.serialization.serialized_objects import SerializedDAG

    DagBundlesManager().sync_bundles_to_db()
    SerializedDAG.bulk_write_to_db("dags-folder", None, [SerializedDAG.from_dict(SerializedDAG.to_dict(dag))])


def _narrow_bundle(dag, dagbag, replace):
    """Since 3.2 dag.test() imports the whole folder first, where another file may hang or end the process: show it this DAG only."""
    bag = airflow_api.new_dag_bag(dag.folder)
    bag.dags[dag.dag_id] = dag
    replace(dagbag, "BundleDagBag", lambda *_, **__: bag)
