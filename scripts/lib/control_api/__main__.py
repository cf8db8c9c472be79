"""Writes docs/control-api.md."""

from control_api import page
from control_api.api import Api

page.PATH.write_text(page.page(Api()))
