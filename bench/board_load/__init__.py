"""Traffic of many kinds for :mod:`bench.board_check`: SIPp's customers, agents, their stack."""
