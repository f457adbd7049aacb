# needs: no platform
"""src/workers/dbt_run.py as a process of its own, which it is when none waits, or where flags change what dbt is."""
import unittest

import dbt_cases


class PlainDbtTest(dbt_cases.ProcessCases, dbt_cases.PlainDbt, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
