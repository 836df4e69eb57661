"""DfE's published statistics: read as published, kept as reference data of the installation. Recomputes nothing."""

from dagster_project.official_statistics.importing import Imported, import_statistics
from dagster_project.official_statistics.published_file import StatisticsFileError
from dagster_project.official_statistics.terminal import print_import

__all__ = ["Imported", "StatisticsFileError", "import_statistics", "print_import"]
