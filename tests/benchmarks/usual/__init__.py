"""The same two functions as they are usually written: boto3, Powertools, pydantic, urllib3."""
