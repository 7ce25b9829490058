# SPDX-License-Identifier: MIT
"""Loads a page without a screen and prints its document once it has loaded."""

import sys

from PyQt5.QtCore import QTimer, QUrl
from PyQt5.QtWebEngineWidgets import QWebEnginePage, QWebEngineProfile
from PyQt5.QtWidgets import QApplication


class Page(QWebEnginePage):
    """The page's own complaints go to our error output."""

    def javaScriptConsoleMessage(self, level, message, line, source):
        print(source, line, message, file=sys.stderr)


application = QApplication(sys.argv)
profile = QWebEngineProfile()
page = Page(profile)


def finished(html):
    print(html)
    application.quit()


def titled(title):
    if title == "loaded":
        page.toHtml(finished)


page.titleChanged.connect(titled)
page.load(QUrl.fromLocalFile(sys.argv[1]))
QTimer.singleShot(100_000, lambda: application.exit(1))
status = application.exec()
del page                        # before its profile
sys.exit(status)
