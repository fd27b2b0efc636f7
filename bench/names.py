"""What the contenders are called."""

OURS = "totalaud"
TWO_RUNNERS = "totalaud, 2 skill-runners"
TRACED = "totalaud, traced"
FLOOR = "floor"
RESTATE = "Restate"
DBOS = "DBOS"
LANGGRAPH = "LangGraph"
TEMPORAL = "Temporal dev server"
PEERS = (RESTATE, DBOS, LANGGRAPH, TEMPORAL)
