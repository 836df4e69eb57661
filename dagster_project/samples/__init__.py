"""The deterministic sample councils: what a real council would land, made to the papers' printed figures."""

from dagster_project.samples.fitting import SampleError
from dagster_project.samples.landing import write_samples

__all__ = ["SampleError", "write_samples"]
