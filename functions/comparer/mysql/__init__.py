"""MySQL and MariaDB as engines of the comparison."""
