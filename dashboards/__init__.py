"""The sources of the platform's dashboards; `python -m dashboards.generate` writes them as JSON into the component package."""
