;;; SPDX-License-Identifier: MIT
;;; sbcl.lisp - the same in Common Lisp: sbcl --script sbcl.lisp
(define-condition trouble (error) ())
(defvar *declined* 0)
(defvar *cleaned* 0)
(declaim (fixnum *declined* *cleaned*) (notinline descend))

(defun descend (depth)
  (declare (fixnum depth))
  (cond ((zerop depth) (error 'trouble))
        ((plusp (mod depth 3)) (1+ (the fixnum (descend (1- depth)))))
        (t (unwind-protect (descend (1- depth)) (incf *cleaned*)))))

(defun once ()
  (restart-case (descend 9) (go-on () nil)))

(defmacro figure (name count &body body)
  `(let ((start (get-internal-real-time)))
     (dotimes (i ,count) ,@body)
     (format t "~a/sbcl	~,1f	ns~%" ,name
             (/ (* 1d9 (/ (- (get-internal-real-time) start) internal-time-units-per-second)) ,count))))

(handler-bind ((error (lambda (c) (declare (ignore c)) (incf *declined*))))
  (dotimes (i 10000) (signal 'trouble))
  (figure "condition.declined" 1000000 (signal 'trouble)))
(handler-bind ((error (lambda (c) (declare (ignore c)) (invoke-restart 'go-on))))
  (dotimes (i 1000) (once))
  (figure "condition.transfer" 100000 (once)))
(figure "condition.handler-case" 100000 (handler-case (descend 9) (error () nil)))
