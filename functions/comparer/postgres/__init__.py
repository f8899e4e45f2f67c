"""PostgreSQL from release 13 on: read by COPY in its binary form, in one snapshot per database."""
