/* SPDX-License-Identifier: MIT */
/* kill.c - killing tasks by category: who is hit and who is not, what is counted, and how the worker goes on. Rows K10,
 * X1.
 *
 * Where kills do not reach tasks that compute (weft_how_far_kills_reach) the victims wait instead.
 */
#include "contract/common.h"

#include <time.h>

static const char blue[] = "blue", red[] = "red";

typedef struct scene {
    weft_kernel *kernel;
    weft_channel *results, *never;
    atomic_int begun, cleaned;
} scene;

static void open_scene(scene *s, weft_kernel *kernel) {
    *s = (scene){.kernel = kernel, .results = weft_make_channel(int), .never = weft_make_channel(int)};
}

static void close_scene(scene *s) {
    CHECK_OK(weft_free_channel(s->results));
    CHECK_OK(weft_free_channel(s->never));
    end_and_free(s->kernel);
}

static void count_clean_up(void *of) { atomic_fetch_add(&((scene *)of)->cleaned, 1); }

static void hang(weft_channel *never) {
    int value;
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE)
        for (;;) __asm__ volatile("");
    CHECK_OK(weft_receive(never, &value, WEFT_FOREVER));
}

WEFT_TASK(int, hanging, (scene *, s)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1); /* here, so that no kill comes between the two */
        hang(s->never);
    }
    return 1;
}

WEFT_TASK(int, waiting, (scene *, s)) {
    int value;
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1);
        CHECK_OK(weft_receive(s->never, &value, WEFT_FOREVER));
    }
    return 1;
}

WEFT_TASK(int, answering, (int, answer)) { return answer; }

static void submit_many(scene *s, weft_category category, int count, bool waits) {
    int before = atomic_load(&s->begun);
    WEFT_BIND(weft_task_category, category) {
        for (int i = 0; i < count; i++)
            CHECK_OK(waits ? weft_submit(s->results, waiting, s) : weft_submit(s->results, hanging, s));
    }
    CHECK_EVENTUALLY(atomic_load(&s->begun) == before + count);
}

static void receive_killed(scene *s, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) CHECK_STATUS(weft_receive_result(s->results, &value, patience()), WEFT_KILLED);
}

static void receive_answer(scene *s, int answer) {
    int value = 0;
    CHECK_OK(weft_receive_result(s->results, &value, patience()));
    CHECK_EQ(value, answer);
}

WEFT_TASK(int, hanging_in_future, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    hang(s->never);
    return 1;
}

WEFT_TASK(int, forcing, (scene *, s), (weft_future *, future)) {
    int value;
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        weft_status status = weft_force(future, &value, WEFT_FOREVER);
        FAIL("the victim lives on, with %s", weft_status_name(status));
    }
    return 1;
}

static weft_status hang_in_loop(size_t first, size_t last, void *context) {
    scene *s = context;
    if (first <= 3 && 3 < last) {
        atomic_fetch_add(&s->begun, 1);
        hang(s->never);
    }
    return WEFT_OK;
}

static int hang_in_compare(const void *a, const void *b, void *context) {
    scene *s = context;
    if (atomic_fetch_add(&s->begun, 1) == 0) hang(s->never);
    return *(const int *)a - *(const int *)b;
}

WEFT_TASK(int, looping, (scene *, s), (bool, sorts)) {
    int numbers[] = {3, 1, 2};
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        weft_status status = sorts ? weft_stable_sort(NULL, numbers, 3, sizeof *numbers, hang_in_compare, s)
                                   : weft_for_range(NULL, 0, 4, hang_in_loop, s);
        FAIL("the victim lives on, with %s", weft_status_name(status));
    }
    return 1;
}

/* ---- who is hit ---- */

TEST(a_task_that_is_killed_while_it_runs_a_future_dies_with_it) {
    scene s;
    int value;
    open_scene(&s, kernel_here());
    for (int round = 0; round < 10; round++) {
        weft_future *future = weft_delay(hanging_in_future, &s);
        WEFT_BIND(weft_task_category, blue) { CHECK_OK(weft_submit(s.results, forcing, &s, future)); }
        CHECK_EVENTUALLY(atomic_load(&s.begun) == round + 1);
        CHECK_EQ(weft_kill_tasks(s.kernel, blue, NULL), 1);
        receive_killed(&s, 1);
        CHECK_STATUS(weft_force(future, &value, patience()), WEFT_KILLED);
        CHECK_EVENTUALLY(atomic_load(&s.cleaned) == round + 1);
        weft_release_future(future);
    }
    close_scene(&s);
}

TEST(what_a_parallel_loop_or_a_sort_calls_can_be_killed_in_its_caller) {
    for (int sorts = 0; sorts < 2; sorts++) {
        scene s;
        open_scene(&s, kernel_of(1));
        WEFT_BIND(weft_task_category, blue) { CHECK_OK(weft_submit(s.results, looping, &s, sorts != 0)); }
        CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
        CHECK_EQ(weft_kill_tasks(s.kernel, blue, NULL), 1);
        receive_killed(&s, 1);
        CHECK_EVENTUALLY(atomic_load(&s.cleaned) == 1);
        close_scene(&s);
    }
}

TEST(running_tasks_of_the_category_are_killed_and_counted) {
    scene s;
    int workers = (int)harness_workers();
    open_scene(&s, kernel_here());
    submit_many(&s, blue, workers, false);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), workers);
    receive_killed(&s, workers);
    CHECK_EQ(atomic_load(&s.cleaned), workers);
    close_scene(&s);
}

TEST(dry_run_counts_and_kills_nothing) {
    scene s;
    int workers = (int)harness_workers();
    open_scene(&s, kernel_here());
    submit_many(&s, blue, workers, false);
    CHECK_EQ(weft_kill_tasks(NULL, blue, &(weft_kill_options){.dry_run = true}), workers);
    CHECK_EQ(weft_kill_tasks(NULL, red, &(weft_kill_options){.dry_run = true}), 0);
    CHECK_EQ(atomic_load(&s.cleaned), 0);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), workers);
    receive_killed(&s, workers);
    close_scene(&s);
}

TEST(tasks_of_another_category_are_not_affected) {
    scene s;
    open_scene(&s, kernel_here());
    submit_many(&s, blue, 3, true);
    submit_many(&s, red, 3, true);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 3);
    receive_killed(&s, 3);
    CHECK_EQ(weft_kill_tasks(NULL, blue, &(weft_kill_options){.dry_run = true}), 0);
    for (int i = 0; i < 3; i++) CHECK_OK(weft_send(s.never, &i, WEFT_FOREVER));
    for (int i = 0; i < 3; i++) receive_answer(&s, 1);
    close_scene(&s);
}

TEST(pending_tasks_are_not_affected) {
    scene s;
    int workers = (int)harness_workers();
    open_scene(&s, kernel_here());
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) {
        submit_many(&s, blue, workers, false);
        WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, answering, 17));
        CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), workers);
        int killed = 0, answered = 0, value = 0;
        for (int i = 0; i <= workers; i++) {
            weft_status status = weft_receive_result(s.results, &value, patience());
            killed += status == WEFT_KILLED;
            answered += status == WEFT_OK && value == 17;
        }
        CHECK_EQ(killed, workers);
        CHECK_EQ(answered, 1);
    } else {
        SKIP("every task that begins comes to its end or waits here");
    }
    close_scene(&s);
}

TEST(category_of_tasks_is_default_unless_bound) {
    scene s;
    open_scene(&s, kernel_here());
    CHECK_OK(weft_submit(s.results, waiting, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 0);
    CHECK_EQ(weft_kill_tasks(s.kernel, weft_category_default, NULL), 1);
    receive_killed(&s, 1);
    close_scene(&s);
}

TEST(no_category_is_refused_and_no_kernel_has_no_tasks) {
    CHECK_EQ(weft_kill_tasks(NULL, NULL, NULL), 0);
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 0);
    CHECK_OK(weft_last_status());
}

TEST(waiting_tasks_count_as_running_however_many) {
    enum { MANY = 300 };
    scene s;
    open_scene(&s, kernel_here());
    submit_many(&s, blue, MANY, true);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), MANY);
    receive_killed(&s, MANY);
    CHECK_EQ(atomic_load(&s.cleaned), MANY);
    CHECK_OK(weft_wait_killed(NULL, blue, patience(), NULL));
    int value = 5;
    CHECK_OK(weft_send(s.never, &value, WEFT_NOW)); /* nobody waits there any more */
    CHECK_OK(weft_receive(s.never, &value, WEFT_NOW));
    CHECK_EQ(value, 5);
    close_scene(&s);
}

WEFT_TASK(int, blocking, (scene *, s)) {
    int value;
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1);
        while (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) nanosleep(&(struct timespec){100, 0}, NULL);
        CHECK_OK(weft_receive(s->never, &value, WEFT_FOREVER));
    }
    return 1;
}

TEST(sixty_four_tasks_on_as_many_workers_are_killed_at_once) {
    enum { MANY = 64 };
    scene s;
    open_scene(&s, kernel_of(MANY));
    WEFT_BIND(weft_task_category, blue) {
        for (int i = 0; i < MANY; i++) CHECK_OK(weft_submit(s.results, blocking, &s));
    }
    CHECK_EVENTUALLY(atomic_load(&s.begun) == MANY);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), MANY);
    receive_killed(&s, MANY);
    CHECK_EQ(atomic_load(&s.cleaned), MANY);
    close_scene(&s);
}

/* They sleep, and answer when they have a processor: that may take longer than the time a task is given to die. */
TEST(workers_that_have_to_be_woken_are_waited_for_however_short_the_deadline) {
    enum { EACH = 3 };
    scene s;
    int many = EACH * (int)harness_workers();
    open_scene(&s, kernel_here());
    CHECK_OK(weft_set_kill_deadline(1e-6));
    for (size_t round = 0; round < 2 + harness_rounds(50); round++) {
        submit_many(&s, blue, many, true);
        if (round % 2 == 0) CHECK_OK(weft_sleep(weft_after(0.002))); /* so that they sleep, as a rule */
        if (!CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), many)) break;
        receive_killed(&s, many);
    }
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene(&s);
}

/* Each thread must get a processor to be asked; one that does not within the time is not marked, and asked again. */
TEST(sixty_four_tasks_that_compute_are_killed_at_once) {
    enum { MANY = 64 };
    scene s;
    open_scene(&s, kernel_of(MANY));
    submit_many(&s, blue, MANY, false);
    size_t killed = 0;
    for (weft_deadline end = patience(); killed < MANY && weft_time() < end;)
        killed += weft_kill_tasks(NULL, blue, NULL);
    CHECK_EQ(killed, MANY);
    receive_killed(&s, MANY);
    CHECK_EQ(atomic_load(&s.cleaned), MANY);
    CHECK_EQ(weft_kill_tasks(NULL, blue, &(weft_kill_options){.dry_run = true}), 0);
    close_scene(&s);
}

/* ---- how the worker goes on ---- */

WEFT_TASK(int, index_of_worker) { return weft_kernel_worker_index(); }

TEST(worker_keeps_its_index_and_goes_on) {
    scene s;
    open_scene(&s, kernel_of(1));
    for (int round = 0; round < 20; round++) {
        submit_many(&s, blue, 1, false);
        CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
        receive_killed(&s, 1);
        CHECK_OK(weft_submit(s.results, index_of_worker));
        receive_answer(&s, 0);
    }
    close_scene(&s);
}

WEFT_VARIABLE(int, level, 1);

static void three(void *value, void *argument) {
    (void)argument;
    *(int *)value = 3;
}

WEFT_TASK(int, bind_and_hang, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    WEFT_BIND(level, 9) hang(s->never);
    return 1;
}

WEFT_TASK(int, read_level) { return weft_get(level); }

TEST(bindings_of_the_worker_are_those_in_force_after_a_kill) {
    scene s;
    const weft_worker_binding bindings[] = {{&level, three, NULL}};
    weft_kernel_options options = {.bindings = bindings, .binding_count = 1};
    open_scene(&s, weft_make_kernel(1, &options));
    for (int round = 0; round < 10; round++) {
        WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, bind_and_hang, &s));
        CHECK_EVENTUALLY(atomic_load(&s.begun) == round + 1);
        CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
        receive_killed(&s, 1);
        CHECK_OK(weft_submit(s.results, read_level));
        receive_answer(&s, 3);
    }
    close_scene(&s);
}

TEST(group_is_left_and_arguments_of_any_size_are_freed) {
    scene s;
    open_scene(&s, kernel_here());
    weft_group *group = weft_make_group("victims");
    const weft_submit_options options = {.group = group, .stack_size = 1 << 20};
    WEFT_BIND(weft_task_category, blue) {
        CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, s.results, hanging, &s));
    }
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit_with(&options, s.results, waiting, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 2);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    CHECK_OK(weft_wait_group(group, patience()));
    receive_killed(&s, 2);
    CHECK_OK(weft_free_group(group));
    close_scene(&s);
}

TEST(kernel_that_ends_waits_for_a_hanging_task_until_it_is_killed) {
    scene s;
    open_scene(&s, kernel_here());
    submit_many(&s, blue, 1, false);
    CHECK_OK(weft_submit(s.results, answering, 4)); /* runs before, on another worker, or after */
    CHECK_OK(weft_end_kernel(s.kernel, false));
    CHECK_EQ(weft_kill_tasks(s.kernel, blue, NULL), 1);
    int value = 0, sum = 0;
    for (int i = 0; i < 2; i++) {
        value = 0;
        weft_status status = weft_receive_result(s.results, &value, patience());
        sum += status == WEFT_KILLED ? 100 : value;
    }
    CHECK_EQ(sum, 104);
    close_scene(&s);
}

/* ---- from inside a task ---- */

WEFT_TASK(int, killer, (scene *, s), (weft_category, category)) {
    (void)s;
    return (int)weft_kill_tasks(NULL, category, NULL);
}

TEST(task_may_kill_others) {
    scene s;
    open_scene(&s, kernel_here());
    submit_many(&s, blue, 5, true);
    CHECK_OK(weft_submit(s.results, killer, &s, blue));
    int value = 0, killed = 0, five = 0;
    for (int i = 0; i < 6; i++) {
        weft_status status = weft_receive_result(s.results, &value, patience());
        killed += status == WEFT_KILLED;
        five += status == WEFT_OK && value == 5;
    }
    CHECK_EQ(killed, 5);
    CHECK_EQ(five, 1);
    close_scene(&s);
}

static atomic_int came_back;

WEFT_TASK(int, suicidal, (scene *, s)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        weft_kill_tasks(NULL, blue, NULL);
        atomic_fetch_add(&came_back, 1);
    }
    return 1;
}

TEST(task_that_kills_its_own_category_dies_last_and_does_not_return) {
    scene s;
    open_scene(&s, kernel_here());
    atomic_store(&came_back, 0);
    submit_many(&s, blue, 5, true);
    WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, suicidal, &s));
    receive_killed(&s, 6);
    CHECK_EQ(atomic_load(&came_back), 0);
    CHECK_EQ(atomic_load(&s.cleaned), 6);
    CHECK_OK(weft_submit(s.results, answering, 8));
    receive_answer(&s, 8);
    close_scene(&s);
}

WEFT_TASK(int, kill_each_other, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    while (atomic_load(&s->begun) < (int)harness_workers()) weft_yield();
    WEFT_UNWIND_PROTECT(count_clean_up, s) weft_kill_tasks(NULL, blue, NULL);
    return 1;
}

TEST(tasks_that_kill_each_other_all_die) {
    scene s;
    int workers = (int)harness_workers();
    open_scene(&s, kernel_here());
    for (size_t round = 0; round < harness_rounds(50); round++) {
        atomic_store(&s.begun, 0);
        WEFT_BIND(weft_task_category, blue) {
            for (int i = 0; i < workers; i++) CHECK_OK(weft_submit(s.results, kill_each_other, &s));
        }
        receive_killed(&s, workers);
    }
    close_scene(&s);
}

/* ---- what is counted ---- */

TEST(counts_of_kills_agree_and_waiting_for_them_ends) {
    scene s;
    weft_kill_counts before, after;
    open_scene(&s, kernel_here());
    weft_read_kill_counts(&before);
    submit_many(&s, blue, 10, true);
    CHECK_OK(weft_wait_killed(NULL, blue, WEFT_NOW, NULL)); /* none is marked */
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 10);
    CHECK_OK(weft_wait_killed(NULL, blue, patience(), NULL));
    CHECK_EQ(atomic_load(&s.cleaned), 10);
    weft_read_kill_counts(&after);
    CHECK_EQ(after.marked - before.marked, 10);
    CHECK_EQ(after.killed - before.killed, 10);
    CHECK_EQ(after.dying, 0);
    receive_killed(&s, 10);
    close_scene(&s);
}

WEFT_TASK(int, quick, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    return 2;
}

TEST(kill_that_races_with_the_end_gives_each_task_one_outcome) {
    scene s;
    open_scene(&s, kernel_here());
    for (size_t round = 0; round < harness_rounds(300); round++) {
        int killed = 0, ended = 0, value = 0;
        weft_kill_counts before, after;
        weft_read_kill_counts(&before);
        WEFT_BIND(weft_task_category, blue) {
            for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(s.results, quick, &s));
        }
        int marked = (int)weft_kill_tasks(NULL, blue, NULL);
        CHECK_OK(weft_wait_killed(NULL, blue, patience(), NULL));
        for (int i = 0; i < 10; i++) {
            weft_status status = weft_receive_result(s.results, &value, patience());
            killed += status == WEFT_KILLED;
            ended += status == WEFT_OK;
        }
        weft_read_kill_counts(&after);
        CHECK_EQ(killed + ended, 10);
        CHECK_EQ(after.marked - before.marked, marked);
        CHECK_EQ(after.killed - before.killed, killed);
        CHECK_EQ(after.escaped - before.escaped, marked - killed);
    }
    close_scene(&s);
}

/* ---- regions and mutexes ---- */

typedef struct region {
    scene *scene;
    atomic_bool open;
    atomic_int inside, after;
} region;

WEFT_TASK(int, in_a_region, (region *, r)) {
    WEFT_WITHOUT_KILL {
        WEFT_WITHOUT_KILL atomic_fetch_add(&r->inside, 1);
        while (!atomic_load(&r->open)) weft_sleep(weft_after(1e-4));
        atomic_fetch_add(&r->inside, 1);
    }
    atomic_fetch_add(&r->after, 1);
    return 1;
}

TEST(region_without_kill_is_finished_first) {
    scene s;
    open_scene(&s, kernel_here());
    region r = {.scene = &s};
    WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, in_a_region, &r));
    CHECK_EVENTUALLY(atomic_load(&r.inside) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    CHECK_STATUS(weft_wait_killed(NULL, blue, weft_after(0.01), NULL), WEFT_TIMED_OUT);
    CHECK_EQ(atomic_load(&r.inside), 1);
    atomic_store(&r.open, true);
    receive_killed(&s, 1);
    CHECK_EQ(atomic_load(&r.inside), 2);
    CHECK_EQ(atomic_load(&r.after), 0);
    close_scene(&s);
}

TEST(region_on_a_plain_thread_is_just_a_block) {
    int ran = 0;
    WEFT_WITHOUT_KILL ran++;
    CHECK_EQ(ran, 1);
}

typedef struct guarded {
    scene *scene;
    weft_mutex *mutex;
} guarded;

WEFT_TASK(int, hang_with_mutex, (guarded *, g)) {
    weft_hold hold;
    CHECK_OK(weft_lock_mutex(g->mutex, &hold, WEFT_FOREVER));
    atomic_fetch_add(&g->scene->begun, 1);
    hang(g->scene->never);
    weft_unlock_mutex(&hold);
    return 1;
}

TEST(mutex_of_a_killed_task_is_given_back) {
    scene s;
    open_scene(&s, kernel_here());
    guarded g = {&s, weft_make_mutex("guard")};
    weft_hold hold;
    WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, hang_with_mutex, &g));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_STATUS(weft_lock_mutex(g.mutex, &hold, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_free_mutex(g.mutex), WEFT_BUSY);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    CHECK_OK(weft_lock_mutex(g.mutex, &hold, patience()));
    CHECK_STATUS(weft_lock_mutex(g.mutex, &(weft_hold){.mutex = NULL}, WEFT_NOW), WEFT_INVALID);
    weft_unlock_mutex(&hold);
    receive_killed(&s, 1);
    CHECK_OK(weft_free_mutex(g.mutex));
    close_scene(&s);
}

TEST(deadline_out_of_range_and_objects_without_a_name_are_refused) {
    CHECK_STATUS(weft_set_kill_deadline(0), WEFT_INVALID);
    CHECK_STATUS(weft_set_kill_deadline(-1), WEFT_INVALID);
    CHECK_STATUS(weft_set_kill_deadline(3601), WEFT_INVALID);
    CHECK_OK(weft_set_kill_deadline(0.25));
    CHECK_STATUS(weft_make_object_killable(NULL), WEFT_INVALID);
    CHECK_STATUS(weft_make_object_killable(""), WEFT_INVALID);
}

/* ---- tasks that cannot be brought to an end ---- */

typedef struct stuck {
    scene *scene;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool open;
    atomic_int contexts, levels, freed;
} stuck;

static void count_context(weft_worker_loop *loop, void *of) {
    atomic_fetch_add(&((stuck *)of)->contexts, 1);
    WEFT_BIND(level, 7) weft_enter_worker_loop(loop);
}

static void count_level(void *value, void *of) { *(int *)value = 20 + atomic_fetch_add(&((stuck *)of)->levels, 1); }

/* No signal makes this return. */
WEFT_TASK(int, get_stuck, (stuck *, s)) {
    pthread_mutex_lock(&s->mutex);
    atomic_fetch_add(&s->scene->begun, 1);
    while (!s->open) pthread_cond_wait(&s->condition, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    atomic_fetch_add(&s->freed, 1);
    return 1;
}

WEFT_VARIABLE(int, number, 0);

WEFT_TASK(int, wait_then_read, (scene *, s)) {
    int value = 0;
    atomic_fetch_add(&s->begun, 1);
    CHECK_OK(weft_receive(s->never, &value, WEFT_FOREVER));
    return weft_get(level) * 100 + weft_get(number);
}

WEFT_TASK(int, read_both) { return weft_get(level) * 100 + weft_get(number); }

static void release_stuck(stuck *s) {
    pthread_mutex_lock(&s->mutex);
    s->open = true;
    pthread_cond_broadcast(&s->condition);
    pthread_mutex_unlock(&s->mutex);
}

TEST(task_that_cannot_be_stopped_is_left_behind_and_its_worker_goes_on_on_another_thread) {
    static scene s; /* the thread that is left behind still looks at them */
    static stuck t;
    if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) {
        SKIP("tasks that compute or block are not killed here");
        return;
    }
    t = (stuck){.scene = &s, .mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER};
    const weft_worker_binding bindings[] = {{&number, count_level, &t}};
    weft_kernel_options options = {
        .bindings = bindings, .binding_count = 1, .context = count_context, .context_argument = &t};
    CHECK_OK(weft_set_kill_deadline(0.02));
    weft_kill_counts before, after;
    size_t lost = 0;
    weft_read_kill_counts(&before);
    open_scene(&s, weft_make_kernel(1, &options));
    CHECK_OK(weft_submit(s.results, wait_then_read, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    weft_group *group = weft_make_group("stuck");
    WEFT_BIND(weft_task_category, blue) {
        CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, s.results, get_stuck, &t));
    }
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 2);
    CHECK_OK(weft_submit(s.results, index_of_worker)); /* pending, in the worker's own queue or the inbox */
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    CHECK_OK(weft_wait_killed(NULL, blue, patience(), &lost));
    CHECK_EQ(lost, before.lost + 1);
    int value, killed = 0, index = 0;
    for (int i = 0; i < 2; i++) {
        weft_status status = weft_receive_result(s.results, &value, patience());
        killed += status == WEFT_KILLED;
        index += status == WEFT_OK && value == 0;
    }
    CHECK_EQ(killed, 1);
    CHECK_EQ(index, 1);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
    CHECK_EQ(atomic_load(&t.contexts), 2);
    CHECK_EQ(atomic_load(&t.levels), 2);
    CHECK_OK(weft_submit(s.results, read_both));
    receive_answer(&s, 721);
    value = 0;
    CHECK_OK(weft_send(s.never, &value, WEFT_NOW)); /* the task that waited all the time */
    receive_answer(&s, 721);
    CHECK_OK(weft_submit(s.results, read_both)); /* on the runner of that one, maybe */
    receive_answer(&s, 721);
    weft_read_kill_counts(&after);
    CHECK_EQ(after.lost - before.lost, 1);
    close_scene(&s);
    release_stuck(&t);
    CHECK_EVENTUALLY(pthread_mutex_trylock(&t.mutex) != 0); /* the one left behind has it, and ended */
    CHECK_EQ(atomic_load(&t.freed), 0);
    CHECK_OK(weft_set_kill_deadline(0.25));
}

/* ---- bindings and context after a kill ---- */

TEST(worker_begins_anew_after_a_kill_with_bindings_computed_and_the_context_called_again) {
    static stuck t;
    scene s;
    t = (stuck){.scene = &s};
    const weft_worker_binding bindings[] = {{&number, count_level, &t}};
    weft_kernel_options options = {
        .bindings = bindings, .binding_count = 1, .context = count_context, .context_argument = &t};
    open_scene(&s, weft_make_kernel(1, &options));
    for (int round = 0; round < 5; round++) {
        CHECK_OK(weft_submit(s.results, read_both));
        receive_answer(&s, 720 + round);
        CHECK_EQ(atomic_load(&t.contexts), 1 + round);
        submit_many(&s, blue, 1, round % 2 == 0);
        CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
        receive_killed(&s, 1);
    }
    close_scene(&s);
    CHECK_EQ(atomic_load(&t.contexts), atomic_load(&t.levels));
}

TEST(worker_begins_anew_only_when_no_task_of_it_is_in_progress) {
    static stuck t;
    scene s;
    int value = 0;
    t = (stuck){.scene = &s};
    const weft_worker_binding bindings[] = {{&number, count_level, &t}};
    weft_kernel_options options = {
        .bindings = bindings, .binding_count = 1, .context = count_context, .context_argument = &t};
    open_scene(&s, weft_make_kernel(1, &options));
    CHECK_OK(weft_submit(s.results, wait_then_read, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    submit_many(&s, blue, 1, false);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    receive_killed(&s, 1);
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_submit(s.results, read_both));
        receive_answer(&s, 720);
    }
    CHECK_OK(weft_send(s.never, &value, WEFT_NOW));
    receive_answer(&s, 720); /* the one that waited sees what was there when it began */
    CHECK_EVENTUALLY(atomic_load(&t.contexts) == 2);
    CHECK_OK(weft_submit(s.results, read_both));
    receive_answer(&s, 721);
    close_scene(&s);
}

static atomic_int entries;

static void enter_once(weft_worker_loop *loop, void *unused) {
    (void)unused;
    if (atomic_fetch_add(&entries, 1) == 0) CHECK_OK(weft_enter_worker_loop(loop));
}

TEST(worker_whose_context_does_not_enter_the_loop_again_goes_on_without_it) {
    scene s;
    atomic_store(&entries, 0);
    open_scene(&s, weft_make_kernel(1, &(weft_kernel_options){.context = enter_once}));
    for (int round = 0; round < 2; round++) {
        submit_many(&s, blue, 1, false);
        CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
        receive_killed(&s, 1);
        CHECK_OK(weft_submit(s.results, index_of_worker));
        receive_answer(&s, 0);
    }
    close_scene(&s);
    CHECK_GE(atomic_load(&entries), 2);
}

static void never_end(void *of) {
    count_clean_up(of);
    for (;;) __asm__ volatile("");
}

WEFT_TASK(int, with_bad_clean_up, (scene *, s)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        WEFT_UNWIND_PROTECT(never_end, s) {
            atomic_fetch_add(&s->begun, 1);
            hang(s->never);
        }
    }
    return 1;
}

TEST(clean_up_that_does_not_end_is_left_at_the_deadline_and_the_next_one_runs) {
    scene s;
    if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) {
        SKIP("tasks that compute or block are not killed here");
        return;
    }
    CHECK_OK(weft_set_kill_deadline(0.01));
    open_scene(&s, kernel_here());
    WEFT_BIND(weft_task_category, blue) CHECK_OK(weft_submit(s.results, with_bad_clean_up, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, blue, NULL), 1);
    receive_killed(&s, 1);
    CHECK_EQ(atomic_load(&s.cleaned), 2);
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene(&s);
}
