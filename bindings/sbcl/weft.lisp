;;; SPDX-License-Identifier: MIT
;;; weft.lisp - Weft for SBCL by sb-alien: nothing to build, only libweft to be found.
;;;
;;;   (load "weft.lisp")
;;;   (weft:with-kernel (2)
;;;     (let ((channel (weft:make-channel)))
;;;       (weft:submit-task channel '+ 3 4)
;;;       (weft:receive-result channel)))   ; => 7
;;;
;;; The names are lparallel's. A channel carries any object. Tasks are called on threads that Weft made and Lisp did not:
;;; SBCL makes a thread object for each such call. They run on a thread's own stack (weft_invoke_on_thread), which the
;;; collector looks through. What a task signals is signalled again, the same condition, where its result is received.
;;; WEFT_LIBRARY names the library; else the system's libweft is taken.
;;;
;;; A worker's bindings and context hold for each thread that tasks are called on: there the values are computed, and the
;;; context function called, once, and what is bound where that calls its argument is bound anew for each task.
(defpackage :weft
  (:use :cl :sb-alien)
  (:export #:*kernel* #:make-kernel #:end-kernel #:with-kernel #:*task-priority* #:make-channel #:free-channel #:submit-task
           #:receive-result #:try-receive-result #:push-queue #:pop-queue #:weft-error #:no-kernel))
(in-package :weft)

(load-shared-object (or (sb-posix:getenv "WEFT_LIBRARY") "libweft.so"))

;;; ---- what is called ----

(define-alien-routine "weft_status_message" c-string (status int))
(define-alien-routine "weft_last_status" int)
(define-alien-routine "weft_after" (signed 64) (seconds double))
(define-alien-routine "weft_make_kernel" system-area-pointer (workers unsigned-int) (options system-area-pointer))
(define-alien-routine "weft_end_kernel" int (kernel system-area-pointer) (wait boolean))
(define-alien-routine "weft_free_kernel" int (kernel system-area-pointer))
(define-alien-routine "weft_make_channel_sized" system-area-pointer (size (unsigned 64)) (options system-area-pointer))
(define-alien-routine "weft_free_channel" int (channel system-area-pointer))
(define-alien-routine "weft_send_sized" int
  (channel system-area-pointer) (element (* (unsigned 64))) (size (unsigned 64)) (deadline (signed 64)))
(define-alien-routine "weft_receive_sized" int
  (channel system-area-pointer) (element (* (unsigned 64))) (size (unsigned 64)) (deadline (signed 64)))
(define-alien-routine "weft_receive_result_sized" int
  (channel system-area-pointer) (element (* (unsigned 64))) (size (unsigned 64)) (deadline (signed 64)))
(define-alien-routine "weft_submit_task" int
  (options system-area-pointer) (channel system-area-pointer) (type system-area-pointer)
  (arguments system-area-pointer))
(define-alien-routine "weft_current_process" (unsigned 64))
(define-alien-routine "weft_variable_set" void (variable system-area-pointer) (value (* int)))

(defconstant +ok+ 0)
(defconstant +timed-out+ 1)
(defconstant +no-kernel+ 5)
(defconstant +forever+ (1- (expt 2 63)))
(defvar *null* (sb-sys:int-sap 0))

(define-condition weft-error (error)
  ((status :initarg :status :reader weft-error-status))
  (:report (lambda (condition stream)
             (write-string (weft-status-message (weft-error-status condition)) stream))))
(define-condition no-kernel (weft-error) ())

(defun check (status)
  (unless (= status +ok+)
    (error 'weft-error :status status)))

(defun check-made (pointer)
  (when (zerop (sb-sys:sap-int pointer))
    (check (weft-last-status)))
  pointer)

;;; ---- objects on their way, by number: a channel's elements are numbers of 8 bytes ----

(defvar *held* (make-hash-table :synchronized t))
(defvar *numbers* (list 0))
(declaim (type cons *numbers*))

(defun hold (object)
  (let ((number (1+ (sb-ext:atomic-incf (car *numbers*)))))
    (setf (gethash number *held*) object)
    number))

(defun release (number)
  (prog1 (gethash number *held*)
    (remhash number *held*)))

(defstruct failed condition)

(defun outcome (number)
  (let ((object (release number)))
    (if (failed-p object)
        (error (failed-condition object))
        object)))

;;; ---- what is called back, on threads that Lisp did not make ----

(defun call-task (number)
  (destructuring-bind (kernel function . arguments) (release number)
    (hold (handler-case (call-in-worker kernel (lambda () (apply function arguments)))
            (serious-condition (condition) (make-failed :condition condition))))))

;; The arguments: what is called, for Weft; the number of what is held, for us.
(sb-alien::define-alien-callable called-back void ((arguments (* (unsigned 64))) (result (* (unsigned 64))))
  (setf (deref result 0) (call-task (deref arguments 1)))
  (values))

;; A weft_task_type: name, invoke, argument_size and result_size.
(defvar *task-type*
  (let ((type (make-alien (unsigned 64) 3)))
    (setf (deref type 0) (sb-sys:sap-int (alien-sap (make-alien-string "lisp")))
          (deref type 1) (sb-sys:find-foreign-symbol-address "weft_invoke_on_thread")
          (deref type 2) (logior 16 (ash 8 32)))
    (alien-sap type)))

(defvar *called-back* (sb-sys:sap-int (alien-sap (sb-alien::alien-callable-function 'called-back))))

;;; ---- kernels ----

(defstruct (kernel (:constructor new-kernel (bindings context)))
  pointer bindings context
  (channels '() :type list)
  ;; What is bound for tasks, by the process that Weft has for the thread.
  (environments (make-hash-table :synchronized t)))

(defvar *kernel* nil)

(defun own-variable-p (symbol)
  "Whether a special variable of the program's, and not of Lisp's own, is bound here to another value than its global one."
  (let ((package (symbol-package symbol)))
    (and package
         (not (member package (list (find-package :cl) (find-package :keyword) (find-package :weft))))
         (not (eql 0 (search "SB-" (package-name package))))
         (eq :special (sb-int:info :variable :kind symbol))
         (boundp symbol)
         (not (handler-case (eq (symbol-value symbol) (sb-ext:symbol-global-value symbol))
                (unbound-variable () nil))))))

(defun bound-here ()
  "A pair of variables and values."
  (let ((variables '()))
    (do-all-symbols (symbol) (when (own-variable-p symbol) (pushnew symbol variables)))
    (cons variables (mapcar #'symbol-value variables))))

(defun make-environment (kernel)
  "Computes what is bound in this thread: the values one after the other, each with those before it; then the context."
  (labels ((bind (bindings)
             (if bindings
                 (progv (list (car (first bindings))) (list (eval (cdr (first bindings))))
                   (bind (rest bindings)))
                 (enter)))
           (enter ()
             (let ((entered nil))
               (if (kernel-context kernel)
                   (funcall (kernel-context kernel) (lambda () (setf entered (bound-here))))
                   (setf entered (cons (mapcar #'car (kernel-bindings kernel))
                                       (mapcar (lambda (binding) (symbol-value (car binding)))
                                               (kernel-bindings kernel)))))
               (or entered (error "A context function has returned without entering the worker loop.")))))
    (bind (kernel-bindings kernel))))

(defun call-in-worker (kernel function)
  (if (or (kernel-bindings kernel) (kernel-context kernel))
      (let* ((process (weft-current-process))
             (environment (or (gethash process (kernel-environments kernel))
                              (setf (gethash process (kernel-environments kernel)) (make-environment kernel)))))
        (progv (car environment) (cdr environment)
          (let ((*kernel* kernel)) (funcall function))))
      (let ((*kernel* kernel)) (funcall function))))

(defun make-kernel (worker-count &key bindings context)
  "BINDINGS: an alist of variables and forms. CONTEXT: a function of the worker loop, which it has to call."
  (let ((kernel (new-kernel bindings context)))
    (setf (kernel-pointer kernel) (check-made (weft-make-kernel worker-count *null*)))
    kernel))

(defun end-kernel (&key (kernel *kernel*))
  "Waits for all tasks. The channels go with the kernel, and what is left in them."
  (when (and kernel (kernel-pointer kernel))
    (check (weft-end-kernel (kernel-pointer kernel) t))
    (mapc #'free-channel (kernel-channels kernel))
    (check (weft-free-kernel (shiftf (kernel-pointer kernel) nil))))
  (when (eq kernel *kernel*) (setf *kernel* nil)))

(defmacro with-kernel ((worker-count) &body body)
  `(let ((*kernel* (make-kernel ,worker-count)))
     (unwind-protect (progn ,@body) (end-kernel))))

;;; ---- channels ----

(defstruct (channel (:constructor new-channel (pointer kernel))) pointer kernel)

(defun make-channel ()
  "Without a kernel: signals NO-KERNEL, with a restart MAKE-KERNEL that takes the number of workers."
  (unless *kernel*
    (restart-case (error 'no-kernel :status +no-kernel+)
      (make-kernel (worker-count)
        :report "Make a kernel."
        (setf *kernel* (make-kernel worker-count)))))
  (with-alien ((options (array (unsigned 64) 9))) ; weft_channel_options: the kernel is its fifth
    (dotimes (n 9) (setf (deref options n) 0))
    (setf (deref options 4) (sb-sys:sap-int (kernel-pointer *kernel*)))
    (let ((channel (new-channel (check-made (weft-make-channel-sized 8 (alien-sap options))) *kernel*)))
      (sb-ext:atomic-push channel (kernel-channels *kernel*))
      channel)))

(defun free-channel (channel)
  (with-alien ((number (unsigned 64)))
    (loop while (= +ok+ (weft-receive-sized (channel-pointer channel) (addr number) 8 0))
          do (release number)))
  (check (weft-free-channel (channel-pointer channel)))
  (sb-ext:atomic-update (kernel-channels (channel-kernel channel)) (lambda (all) (remove channel all))))

(defvar *task-priority* :default)

(defun set-priority (priority)
  (with-alien ((value int (ecase priority (:default 0) (:low 1))))
    (weft-variable-set (sb-sys:int-sap (sb-sys:find-foreign-symbol-address "weft_task_priority")) (addr value))))

(defun submit-task (channel function &rest arguments)
  (with-alien ((block (array (unsigned 64) 2)))
    (let ((number (hold (list* (channel-kernel channel) function arguments))))
      (setf (deref block 0) *called-back*
            (deref block 1) number)
      (unless (eq *task-priority* :default) (set-priority *task-priority*))
      (let ((status (weft-submit-task *null* (channel-pointer channel) *task-type* (alien-sap block))))
        (unless (eq *task-priority* :default) (set-priority :default))
        (unless (= status +ok+) (release number))
        (check status)))))

(defun receive-result (channel)
  (with-alien ((number (unsigned 64)))
    (check (weft-receive-result-sized (channel-pointer channel) (addr number) 8 +forever+))
    (outcome number)))

(defun try-receive-result (channel &key (timeout 0))
  "The result and T, or NIL and NIL."
  (with-alien ((number (unsigned 64)))
    (let ((status (weft-receive-result-sized (channel-pointer channel) (addr number) 8 (weft-after (coerce timeout 'double-float)))))
      (cond ((= status +timed-out+) (values nil nil))
            (t (check status) (values (outcome number) t))))))

(defun push-queue (object queue)
  (with-alien ((number (unsigned 64) (hold object)))
    (check (weft-send-sized (channel-pointer queue) (addr number) 8 +forever+))))

(defun pop-queue (queue)
  (with-alien ((number (unsigned 64)))
    (check (weft-receive-sized (channel-pointer queue) (addr number) 8 +forever+))
    (outcome number)))
