"""Result files: .xlsx workbooks of what a task found."""
