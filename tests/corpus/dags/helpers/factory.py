"""Makes workflows for others."""

# file: skip safe_mode

def new_workflow(name):
    return name
