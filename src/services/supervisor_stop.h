// Ending the platform's processes for good: Airflow's components make sessions and groups of their own, so only the marker finds
// all.
#pragma once
#include "services/runtime_state.h"

// Asks the components to end and waits for them, a few seconds at most.
void supervisor_stop_services(Context *ctx, const ServiceStatusList *services);

// Kills whatever still carries the platform's marker, except this process. Returns when none is left.
void supervisor_kill_leftovers(Context *ctx, const Project *project);

// Kills what ended components left behind: processes of the platform that have lost their parent, and their descendants.
// `host`, the parent of all components, is spared.
void supervisor_kill_orphans(Context *ctx, const Project *project, pid_t host);

// Aborts a component and what it forked, one after the other, so that each says undisturbed in its log where it was.
void supervisor_abort_service(Context *ctx, const Project *project, pid_t component);

// Waits for whatever has ended: the supervisor is a subreaper, so orphans become its children and stay zombies until then.
void supervisor_reap(void);

// How many processes carry the platform's marker, this one left out.
size_t supervisor_count_processes(Context *ctx, const Project *project);
