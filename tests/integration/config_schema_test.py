"""`devbox config schema` as an editor uses it, by a validator of JSON Schema: what devbox takes it takes too, and mistakes show."""
import json
import os
import subprocess
import unittest

import support

VALIDATE = """
import json, sys, jsonschema, yaml
schema, text = json.loads(sys.argv[1]), sys.argv[2]
jsonschema.Draft7Validator.check_schema(schema)
print(json.dumps(["/".join(map(str, error.absolute_path)) for error in jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(text))]))
"""
FINE = """
runtime: docker
airflow:
  version: "3.0.6"
  env: {AIRFLOW__CORE__PARALLELISM: 4, MY_FLAG: true}
  variables: {region: eu, limits: [1, 2]}
  connections: {shop: "postgresql://u@h/d", lake: {conn_type: aws, extra: {region_name: eu-west-1}}}
  pools: {small: 2, large: {slots: 9, description: many}}
  memory: 512m
seeds: {columns: {orders: {amount: real}}}
airbyte: {enabled: true, low_resource: "false"}
gate: {budget: 90s, run: [dags], on_error: warn}
env: {pass: [MY_KEY]}
environments: {sandbox: {bucket: b, depth: {any: 1}}}
dbt:
"""
WRONG = {"airflow: {prot: 1}": "airflow", "airflow: {port: 70000}": "airflow/port", 'airflow: {version: "2.9"}': "airflow/version",
         "gate: {run: [all]}": "gate/run/0", "gate: {budget: soon}": "gate/budget", "airflow: {memory: big}": "airflow/memory",
         "env: {pass: [A-B]}": "env/pass/0", "seeds: {columns: {t: {c: number}}}": "seeds/columns/t/c", "airflow: {pools: {p: {}}}": "airflow/pools/p",
         "airflow: {memory: 0m}": "airflow/memory", "gate: {budget: 0}": "gate/budget", "airflow: {env: {A-B: 1}}": "airflow/env",
         "runtime: podman": "runtime", "nothing: 1": ""}


class ConfigSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout()
        cls.addClassCleanup(cls.checkout.close)
        cls.schema = cls.checkout.run("config", "schema", folder="/").check().out

    def mistakes(self, text):
        python = support.find_venv("airflow-3.0.6") + "/bin/python"
        return json.loads(subprocess.run([python, "-c", VALIDATE, self.schema, text], check=True, capture_output=True, text=True).stdout)

    def test_what_devbox_takes_is_fine(self):
        with open(os.path.join(support.ROOT, "starter/devbox.yaml")) as file:
            for text in (file.read(), FINE):
                self.checkout.write("devbox.yaml", text)
                self.checkout.run("config", "check").check()
                self.assertEqual(self.mistakes(text), [])

    def test_what_devbox_refuses_is_marked_at_its_place(self):
        for text, place in WRONG.items():
            with self.subTest(text):
                self.checkout.write("devbox.yaml", text + "\n")
                self.checkout.run("config", "check").check(4)
                self.assertEqual(self.mistakes(text), [place])


if __name__ == "__main__":
    support.main()
