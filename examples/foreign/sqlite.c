/* SPDX-License-Identifier: MIT */
/* sqlite.c - a library that calls back: rows behind a boundary, a function of SQL as a task, an error that SQLite never
 * sees pass through its frames. */
#include <sqlite3.h>

#include "../check.h"

WEFT_CONDITION_TYPE(bad_row, weft_type_error);

static void require(bool held, const char *what) {
    if (held) return;
    fprintf(stderr, "%s failed\n", what);
    exit(EXIT_FAILURE);
}

/* ---- a row: in place ---- */

typedef struct row {
    long *sum;
    const char *text;
} row;

static int add_row(void *argument) {
    const row *r = argument;
    char *end;
    long number = strtol(r->text, &end, 10);
    if (*end != '\0') weft_error(&bad_row, "'%s' is no number", r->text);
    *r->sum += number;
    return 0;
}

static int on_row(void *sum, int count, char **values, char **names) {
    (void)count, (void)names;
    row r = {sum, values[0]};
    return weft_call_in_thread(add_row, &r, NULL) == WEFT_OK ? 0 : 1; /* 1: SQLite stops the query */
}

/* ---- a function of SQL: as a task, with the worker's stack and bindings ---- */

static int count_divisors(void *argument) {
    long n = *(long *)argument;
    int count = 0;
    for (long d = 1; d <= n; d++) count += n % d == 0;
    return count;
}

static void divisors(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    long n = (long)sqlite3_value_int64(values[0]);
    int result = 0;
    if (weft_call_as_task(NULL, count_divisors, &n, &result) == WEFT_OK)
        sqlite3_result_int(context, result);
    else
        sqlite3_result_error(context, "the task failed", -1);
}

/* ---- the program, a task itself ---- */

static void query(sqlite3 *db, const char *sql) {
    long sum = 0;
    if (sqlite3_exec(db, sql, on_row, &sum, NULL) == SQLITE_ABORT) weft_error_again(weft_last_condition());
    printf("%s: %ld\n", sql, sum);
}

WEFT_TASK(void, work, (sqlite3 *, db)) {
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            query(db, "SELECT n FROM numbers WHERE n <= 100");
            query(db, "SELECT divisors(n) FROM numbers WHERE n <= 12");
            query(db, "SELECT n FROM numbers");
        }
        WEFT_HANDLE(&bad_row, condition) { printf("stopped: %s\n", weft_condition_message(condition)); }
    }
    query(db, "SELECT count(*) FROM numbers"); /* the library is as sound as before */
}

int main(void) {
    sqlite3 *db;
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_channel *done = weft_make_done_channel();
    check_made(done);
    require(sqlite3_open(":memory:", &db) == SQLITE_OK, "open");
    require(sqlite3_create_function(db, "divisors", 1, SQLITE_UTF8, NULL, divisors, NULL, NULL) == SQLITE_OK,
            "function");
    const char *fill = "CREATE TABLE numbers(n);"
                       "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200)"
                       "INSERT INTO numbers SELECT x FROM c; UPDATE numbers SET n = 'many' WHERE n = 150;";
    require(sqlite3_exec(db, fill, NULL, NULL, NULL) == SQLITE_OK, "fill");
    check(weft_submit(done, work, db));
    check(weft_receive_done(done, WEFT_FOREVER));
    require(sqlite3_close(db) == SQLITE_OK, "close");
    check(weft_free_channel(done));
    check(weft_free_kernel(kernel));
    return 0;
}
