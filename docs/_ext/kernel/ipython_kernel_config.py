"""Kernels of the notebooks: no remark about loopback sockets in the build's output."""

c = get_config()  # noqa: F821
c.Application.log_level = 40
