"""Report formats: each module here is one, and is found by its name. See `losscli.report.renderer.Renderer`."""
