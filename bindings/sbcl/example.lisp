;;; SPDX-License-Identifier: MIT
;;; example.lisp - the first examples of lparallel's guide, with Weft beneath: sbcl --script example.lisp
(require :sb-posix)
(load (merge-pathnames "weft.lisp" *load-truename*))
(defpackage :example (:use :cl :weft))
(in-package :example)

(defmacro show (form)
  `(format t "~(~s~)~%; => ~s~%" ',form ,form))

;;; Without a kernel there is an error, with a restart that makes one.
(handler-bind ((no-kernel (lambda (condition)
                            (format t "~a~%" condition)
                            (invoke-restart 'weft::make-kernel 2))))
  (show (let ((channel (make-channel)))
          (submit-task channel '+ 3 4)
          (receive-result channel))))

;;; Results come in any order.
(show (sort (let ((channel (make-channel)))
              (submit-task channel '+ 3 4)
              (submit-task channel (lambda () (+ 5 6)))
              (list (receive-result channel) (receive-result channel)))
            #'<))

(show (let ((channel (make-channel)))
        (let ((*task-priority* :low))
          (submit-task channel '+ 3 4))
        (receive-result channel)))

;;; Messages.
(show (let ((queue (make-channel)) (channel (make-channel)))
        (submit-task channel (lambda () (list (pop-queue queue) (pop-queue queue))))
        (push-queue "hello" queue)
        (push-queue "world" queue)
        (receive-result channel)))

;;; A binding that travels with a task; the global value is untouched.
(defvar *foo* 0)
(defun bar () (incf *foo* 100))
(defun submit-with-foo (channel)
  (submit-task channel (let ((foo *foo*))
                         (lambda () (let ((*foo* foo)) (bar))))))
(show (let ((channel (make-channel)))
        (let ((*foo* 5)) (submit-with-foo channel))
        (list (receive-result channel) *foo*)))

;;; Bindings of the workers, and a context that sees them.
(defvar *bar* 1)
(defvar *made* (list 0))
(declaim (type cons *made*))
(defun my-worker-context (worker-loop)
  (sb-ext:atomic-incf (car *made*))
  (let ((*bar* (1+ *foo*)))
    (funcall worker-loop)))
(defvar *my-kernel* (make-kernel 2 :bindings '((*foo* . (1+ 98))) :context #'my-worker-context))
(show (list *foo* *bar*))
(show (let* ((*kernel* *my-kernel*)
             (channel (make-channel)))
        (submit-task channel (lambda () (list *foo* *bar*)))
        (receive-result channel)))

;;; What a task sets of them ends with it; the context is called once a thread, not once a task.
(show (let* ((*kernel* *my-kernel*)
             (channel (make-channel)))
        (loop repeat 20 do (submit-task channel (lambda () (incf *foo*))))
        (let ((results (loop repeat 20 collect (receive-result channel))))
          (list (remove-duplicates results) (<= (car *made*) 20)))))
(end-kernel :kernel *my-kernel*)

;;; Handlers and restarts inside of a task.
(show (let ((channel (make-channel)))
        (submit-task channel (lambda ()
                               (handler-bind ((error (lambda (condition)
                                                       (declare (ignore condition))
                                                       (invoke-restart 'use-value 7))))
                                 (restart-case (error "foo")
                                   (use-value (value) (list :used value))))))
        (receive-result channel)))

;;; An error of a task is signalled where its result is received.
(show (let ((channel (make-channel)))
        (submit-task channel (lambda () (error "foo: ~a" 3)))
        (handler-case (receive-result channel)
          (error (condition) (princ-to-string condition)))))

(show (multiple-value-list (try-receive-result (make-channel) :timeout 0.01)))

;;; Many tasks, with the collector at work: none runs on a thread that Lisp made.
(defun busy (n)
  (let ((garbage (loop for i below 100 collect (make-array 50 :initial-element i))))
    (list (reduce #'+ garbage :key (lambda (a) (aref a 0)))
          n
          (sb-thread:thread-name sb-thread:*current-thread*))))
(show (let ((channel (make-channel)) (sum 0) (made-by-lisp 0))
        (dotimes (n 2000) (submit-task channel #'busy n))
        (dotimes (n 2000)
          (when (zerop (mod n 500)) (sb-ext:gc))
          (destructuring-bind (garbage n thread) (receive-result channel)
            (assert (= garbage 4950))
            (incf sum n)
            (when (equal thread "main thread") (incf made-by-lisp))))
        (list sum made-by-lisp)))

;;; A task may have tasks of its own, and several kernels work side by side.
(show (let ((channel (make-channel)))
        (submit-task channel (lambda ()
                               (let ((inner (make-channel)))
                                 (submit-task inner '* 6 7)
                                 (receive-result inner))))
        (receive-result channel)))
(show (with-kernel (1)
        (let ((channel (make-channel)))
          (submit-task channel '+ 1 2)
          (receive-result channel))))
(end-kernel)
(assert (zerop (hash-table-count weft::*held*)))
