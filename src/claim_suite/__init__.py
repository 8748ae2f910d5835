"""Every claim that a document makes about large language models is one test: plugin, instruments, reports."""
