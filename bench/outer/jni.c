/* SPDX-License-Identifier: MIT */
/* jni.c - the same in the Java virtual machine: AttachCurrentThread, which keeps the thread as Weft does, and a call of
 * a small static method. A key's destructor detaches the thread: the machine does not notice its death. */
#include <jni.h>

#include "caller.h"

static JavaVM *machine;
static jclass math;
static jmethodID method;
static pthread_key_t key;

static void detach(void *unused) {
    (void)unused;
    (*machine)->DetachCurrentThread(machine);
}

static void call(void) {
    JNIEnv *env;
    bench_require((*machine)->AttachCurrentThread(machine, (void **)&env, NULL) == JNI_OK, "attach");
    if (pthread_getspecific(key) == NULL) pthread_setspecific(key, env);
    (*env)->CallStaticIntMethod(env, math, method, -1);
}

static void within(void (*inside)(void *argument), void *argument) {
    call();
    inside(argument);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "jni", 120);
    JNIEnv *env;
    JavaVMInitArgs arguments = {.version = JNI_VERSION_1_8};
    bench_require(JNI_CreateJavaVM(&machine, (void **)&env, &arguments) == JNI_OK, "no virtual machine");
    math = (*env)->NewGlobalRef(env, (*env)->FindClass(env, "java/lang/Math"));
    method = (*env)->GetStaticMethodID(env, math, "abs", "(I)I");
    bench_require(method != NULL && pthread_key_create(&key, detach) == 0, "method");
    outer_measure((outer_party){call, within});
    return 0;
}
