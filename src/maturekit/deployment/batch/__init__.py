"""Batches: a model over files, queries and frames of any size, chunk by chunk, exactly once."""

from maturekit.deployment.batch.batch import Batch
from maturekit.deployment.batch.csv_file import CsvFile
from maturekit.deployment.batch.record import BatchProgress
from maturekit.deployment.batch.sql_query import SqlQuery
from maturekit.deployment.batch.sql_table import SqlTable

__all__ = ["Batch", "BatchProgress", "CsvFile", "SqlQuery", "SqlTable"]
