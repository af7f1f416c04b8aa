"""Where bytes lie: in files, inside tars and Parquet tables, at URLs."""
