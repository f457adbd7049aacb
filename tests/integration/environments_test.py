"""Makes the environments that all other integration tests share, in the way a user would: `devbox start` on the starter, from nothing."""
import unittest

import support


class EnvironmentsTest(unittest.TestCase):
    def start(self, version):
        checkout = support.Checkout(version)
        self.addCleanup(checkout.close)
        answer = checkout.run("start", seconds=1200).check()
        self.assertIn("Airflow is ready: http://localhost:%d  admin / admin" % checkout.port, answer.out)
        self.assertEqual(checkout.status()["phase"], "healthy")
        self.assertTrue(support.Airflow(checkout).login())
        self.assertIsNotNone(support.find_venv("airflow-" + version))
        self.assertIsNotNone(support.find_venv("dbt"))

    def test_airflow_2_comes_up_from_nothing(self):
        self.start("2.10.3")

    def test_airflow_2_11_comes_up_from_nothing(self):
        self.start("2.11.2")

    def test_airflow_3_comes_up_from_nothing(self):
        self.start("3.0.6")


support.main()
