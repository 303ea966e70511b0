"""The pictures of a report: exhibits, residuals, maps and attributions as PNG bytes on printed scales."""
